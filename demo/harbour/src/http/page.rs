//! The web page, which is part of the program.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

/// A file of the page.
macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../page/", $name))
    };
}

const FILES: [(&str, &str, &str); 4] = [
    ("/", "text/html; charset=utf-8", file!("index.html")),
    ("/page/index.html", "text/html; charset=utf-8", file!("index.html")),
    ("/page/style.css", "text/css; charset=utf-8", file!("style.css")),
    ("/page/page.js", "text/javascript; charset=utf-8", file!("page.js")),
];

pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    FILES.into_iter().fold(Router::new(), |routes, (path, kind, text)| {
        routes.route(path, get(async move || answer(kind, text)))
    })
}

fn answer(kind: &'static str, text: &'static str) -> impl IntoResponse {
    // A new version of the program has a new page.
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], text)
}
