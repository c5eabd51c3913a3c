//! Compiles, and runs without output.

use minato as renamed;

#[minato::main(flavor = "multi_thread", worker_threads = 2, crate = "renamed")]
async fn helper(number: u8) -> Result<u8, std::num::ParseIntError> {
    let other: u8 = "4".parse()?;
    Ok(number + other)
}

#[minato::main(flavor = "local", name = r"by the \ attribute")]
async fn local(text: std::rc::Rc<str>) -> usize {
    let name = minato::runtime::Handle::current().name().map(str::to_owned);
    assert_eq!(name.as_deref(), Some("by the \\ attribute"));
    minato::task::spawn_local(async move { text.len() }).await.expect("no panic")
}

#[minato::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    assert_eq!(std::thread::spawn(|| local("abc".into())).join().expect("no panic"), 3);
    assert_eq!(std::thread::spawn(|| helper(3)).join().expect("no panic")?, 7);
    Ok(())
}
