//! Removing from a list what a property does not need.

/// The delta debugging of Zeller and Hildebrandt: parts of `items` are left out, large ones first,
/// for as long as `holds` is true of the rest. What is returned needs each single item, unless
/// `holds` gave up, which it says by `None`.
pub(super) fn minimise<T: Clone>(
    items: Vec<T>,
    mut holds: impl FnMut(&[T]) -> Option<bool>,
) -> Vec<T> {
    if !items.is_empty() && holds(&[]) == Some(true) {
        return Vec::new();
    }
    let mut items = items;
    let mut parts = 2;
    while items.len() >= 2 {
        let size = items.len().div_ceil(parts);
        let mut start = 0;
        let mut has_shrunk = false;
        while start < items.len() {
            let end = (start + size).min(items.len());
            let rest = [&items[..start], &items[end..]].concat();
            match holds(&rest) {
                None => return items,
                Some(true) if !rest.is_empty() => {
                    items = rest;
                    has_shrunk = true;
                }
                _ => start = end,
            }
        }
        if !has_shrunk && size == 1 {
            break;
        }
        parts = if has_shrunk { 2.max(parts / 2) } else { (2 * parts).min(items.len()) };
    }
    items
}

#[cfg(test)]
mod tests {
    use super::minimise;

    #[test]
    fn only_what_is_needed_is_left() {
        for needed in [&[][..], &[3], &[0, 15], &[1, 7, 8], &[0, 1, 2, 3, 4, 5]] {
            let mut runs = 0;
            let left = minimise((0..16).collect(), |items| {
                runs += 1;
                Some(needed.iter().all(|item| items.contains(item)))
            });
            assert_eq!(left, needed);
            assert!(runs < 100, "{runs}");
        }
    }

    #[test]
    fn giving_up_keeps_what_was_found() {
        let mut runs = 0;
        let left = minimise((0..16).collect(), |items| {
            runs += 1;
            (runs < 4).then(|| items.contains(&3))
        });
        assert!(left.contains(&3) && left.len() < 16, "{left:?}");
    }
}
