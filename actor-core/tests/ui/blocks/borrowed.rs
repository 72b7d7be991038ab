//! Messages outlive the call, so they own what they hold.

use std::borrow::Cow;
use std::sync::Arc;

use actor_core::prelude::*;

struct Names(Vec<String>);

#[messages]
impl Names {
    fn add(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    fn add_all(&mut self, names: &[String]) {
        self.0.extend_from_slice(names);
    }

    fn add_some(&mut self, name: Option<&String>) {
        self.0.extend(name.cloned());
    }

    fn add_cow(&mut self, name: Cow<'_, str>) {
        self.0.push(name.into_owned());
    }

    fn first(&mut self) -> Option<&str> {
        self.0.first().map(|it| &**it)
    }

    fn iter(&mut self) -> impl Iterator<Item = String> {
        self.0.clone().into_iter()
    }

    // These are fine.
    fn add_static(&mut self, name: &'static str, shared: Arc<str>, _f: Box<dyn Fn(&str) + Send>) {
        self.0.extend([name.to_owned(), shared.to_string()]);
    }
}

fn main() {}
