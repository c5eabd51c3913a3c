#[minato::main]
async fn main() -> Result<(), std::io::Error> {
    std::fs::metadata(".")?;
}
