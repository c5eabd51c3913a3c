//! Plants mutants in a file, each behind a switch, by inserting text: what was there stays, as the
//! other side of the switch, and no line moves.

use std::collections::BTreeMap;
use std::ops::Range;

use proc_macro2::LineColumn;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Arm, BinOp, Expr, ExprBinary, ExprLet, ExprUnary, Pat, PatGuard};

use super::list::{Genre, Mutant, Position};
use crate::commands::planted::switch;

/// A file with mutants in it.
pub(super) struct Planted {
    pub(super) text: String,
    /// Where each mutant is, in the order of the file.
    pub(super) places: Vec<Place>,
    /// The mutants that have no form with a switch.
    pub(super) without: Vec<usize>,
}

/// Where a mutant is in the text.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) mutant: usize,
    /// What is only run when the switch is on.
    pub(super) inserted: Range<usize>,
    /// That, and what it stands in for.
    pub(super) whole: Range<usize>,
}

/// Text around a part of the file.
struct Wrap {
    mutant: usize,
    part: Range<usize>,
    before: String,
    after: String,
}

/// Plants those of the mutants in a file that have a form with a switch. `mutants` have numbers,
/// by which their switches are named.
pub(super) fn plant(text: &str, mutants: &[(usize, &Mutant)]) -> Result<Planted, String> {
    let file = syn::parse_file(text).map_err(|error| error.to_string())?;
    let mut sites = Sites { lines: line_starts(text), text, ..Sites::default() };
    sites.visit_file(&file);
    let (mut wraps, mut without) = (Vec::new(), Vec::new());
    // A switch is not constant.
    let is_constant = |wrap: &Wrap| sites.constants.iter().any(|it| it.contains(&wrap.part.start));
    for (number, mutant) in mutants {
        match sites.wrap(*number, mutant).filter(|wrap| !is_constant(wrap)) {
            Some(wrap) => wraps.push(wrap),
            None => without.push(*number),
        }
    }
    let (text, places) = insert(text, &wraps);
    Ok(Planted { text, places, without })
}

/// What a mutant's number is called by its switch.
pub(super) fn switch_name(number: usize) -> String {
    format!("mutant {number}")
}

/// Inserts all that stands before and behind the parts. Parts are nested or apart.
fn insert(text: &str, wraps: &[Wrap]) -> (String, Vec<Place>) {
    // What ends at a place comes before what begins there. Of several parts, the outer one begins
    // first and ends last; of equal ones, the first is the outer one.
    let mut pieces = Vec::new();
    for (order, wrap) in wraps.iter().enumerate() {
        let (length, order) = (wrap.part.len() as isize, order as isize);
        pieces.push(((wrap.part.start, 1, -length, order), wrap, wrap.before.as_str()));
        pieces.push(((wrap.part.end, 0, length, -order), wrap, wrap.after.as_str()));
    }
    pieces.sort_by_key(|(key, ..)| *key);
    let (mut planted, mut at) = (String::new(), 0);
    let mut places = BTreeMap::<usize, Place>::new();
    for ((offset, is_begin, ..), wrap, piece) in pieces {
        planted += &text[at..offset];
        at = offset;
        let start = planted.len();
        planted += piece;
        let (inserted, mutant) = (start..planted.len(), wrap.mutant);
        if is_begin == 1 {
            let whole = inserted.clone();
            places.insert(mutant, Place { mutant, inserted, whole });
        } else if let Some(place) = places.get_mut(&mutant) {
            place.whole.end = planted.len();
        }
    }
    planted += &text[at..];
    (planted, places.into_values().collect())
}

/// Where each line begins.
fn line_starts(text: &str) -> Vec<usize> {
    let after = text.match_indices('\n').map(|(at, _)| at + 1);
    [0].into_iter().chain(after).collect()
}

/// The parts of a file that mutants change.
#[derive(Default)]
struct Sites<'a> {
    text: &'a str,
    lines: Vec<usize>,
    /// The left side, the whole and the right side, by where the operator begins.
    binary: BTreeMap<usize, [Range<usize>; 3]>,
    /// The whole and what the operator is applied to, by where the operator begins.
    unary: BTreeMap<usize, [Range<usize>; 2]>,
    /// Where the pattern ends, and the guard, by where the arm begins.
    arms: BTreeMap<usize, (usize, Option<Range<usize>>)>,
    /// The functions and items that are constant.
    constants: Vec<Range<usize>>,
}

impl Sites<'_> {
    fn wrap(&self, mutant: usize, of: &Mutant) -> Option<Wrap> {
        let change = &of.change;
        let is_on = switch(&change.file, &switch_name(mutant));
        let span = self.offset(change.span.start)..self.offset(change.span.end);
        let replacement = &change.replacement;
        let instead = |part: &Range<usize>, instead: &str| {
            // What does not parse would hide what the compiler says of others.
            syn::parse_str::<Expr>(instead).ok()?;
            let before = format!("(if {is_on} {{ {instead} }} else {{ ");
            Some(Wrap { mutant, part: part.clone(), before, after: " })".to_owned() })
        };
        match change.genre {
            Genre::FnValue => {
                let before = format!("if {is_on} {{ return {replacement}; }} ");
                Some(Wrap { mutant, part: span, before, after: String::new() })
            }
            Genre::BinaryOperator => {
                let [left, whole, right] = self.binary.get(&span.start)?;
                let (left, right) = (&self.text[left.clone()], &self.text[right.clone()]);
                instead(whole, &format!("{left} {replacement} {right}"))
            }
            Genre::UnaryOperator => {
                let [whole, operand] = self.unary.get(&span.start)?;
                instead(whole, &self.text[operand.clone()])
            }
            Genre::MatchArmGuard => instead(&span, replacement),
            Genre::MatchArm => match self.arms.get(&span.start)? {
                (_, Some(guard)) => {
                    let (part, before) = (guard.clone(), format!("!{is_on} && ("));
                    Some(Wrap { mutant, part, before, after: ")".to_owned() })
                }
                (end, None) => {
                    let (part, before) = (*end..*end, String::new());
                    let after = format!(" if !{is_on}");
                    Some(Wrap { mutant, part, before, after })
                }
            },
            // It would need the field's default.
            Genre::StructField => None,
        }
    }

    fn offset(&self, position: Position) -> usize {
        let start = self.lines.get(position.line - 1).copied().unwrap_or(self.text.len());
        let mut characters = self.text[start..].char_indices();
        start + characters.nth(position.column - 1).map_or(self.text.len() - start, |(at, _)| at)
    }

    fn place(&self, LineColumn { line, column }: LineColumn) -> usize {
        self.offset(Position { line, column: column + 1 })
    }

    fn range(&self, spanned: &impl Spanned) -> Range<usize> {
        let span = spanned.span();
        self.place(span.start())..self.place(span.end())
    }
}

impl<'ast> Visit<'ast> for Sites<'_> {
    fn visit_expr_binary(&mut self, binary: &'ast ExprBinary) {
        // A chain with `let` is no expression by itself.
        if !(matches!(binary.op, BinOp::And(_)) && has_let(binary)) {
            let (left, right) = (self.range(&*binary.left), self.range(&*binary.right));
            let at = self.range(&binary.op).start;
            let whole = left.start..right.end;
            self.binary.insert(at, [left, whole, right]);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast ExprUnary) {
        let (at, operand) = (self.range(&unary.op).start, self.range(&*unary.expr));
        self.unary.insert(at, [at..operand.end, operand]);
        visit::visit_expr_unary(self, unary);
    }

    fn visit_arm(&mut self, arm: &'ast Arm) {
        let (end, guard) = match &arm.pat {
            Pat::Guard(PatGuard { pat, guard, .. }) => {
                (self.range(&**pat).end, Some(self.range(&**guard)))
            }
            pat => (self.range(pat).end, None),
        };
        self.arms.insert(self.range(arm).start, (end, guard));
        visit::visit_arm(self, arm);
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if function.sig.constness.is_some() {
            self.constants.push(self.range(function));
        }
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if function.sig.constness.is_some() {
            self.constants.push(self.range(function));
        }
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.constants.push(self.range(item));
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.constants.push(self.range(item));
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.constants.push(self.range(item));
    }
}

/// Whether a chain of `&&` has a `let` in it.
fn has_let(binary: &ExprBinary) -> bool {
    #[derive(Default)]
    struct Lets(bool);
    impl Visit<'_> for Lets {
        fn visit_expr_let(&mut self, _: &ExprLet) {
            self.0 = true;
        }
        fn visit_expr_block(&mut self, _: &syn::ExprBlock) {}
        fn visit_expr_if(&mut self, _: &syn::ExprIf) {}
        fn visit_expr_closure(&mut self, _: &syn::ExprClosure) {}
    }
    let mut lets = Lets::default();
    lets.visit_expr_binary(binary);
    lets.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::mutants::list::{Change, Span};

    const TEXT: &str = "\
fn f(a: u8, b: u8) -> bool {
    let c = !(a == b);
    match a {
        1 => c,
        2 if c && b < 3 => true,
        _ => false,
    }
}
const fn g() -> u8 {
    1 + 1
}
";

    /// The mutant that replaces `what`, where it is first.
    fn mutant(genre: Genre, what: &str, replacement: &str) -> Mutant {
        let at = TEXT.find(what).unwrap();
        let position = |at: usize| {
            let before = &TEXT[..at];
            let start = before.rfind('\n').map_or(0, |at| at + 1);
            Position { line: before.matches('\n').count() + 1, column: at - start + 1 }
        };
        let span = Span { start: position(at), end: position(at + what.len()) };
        let (name, file) = (String::new(), "minato/src/a.rs".to_owned());
        let replacement = replacement.to_owned();
        Mutant { name: name.clone(), change: Change { name, file, genre, span, replacement } }
    }

    fn planted(mutants: &[Mutant]) -> Planted {
        plant(TEXT, &mutants.iter().enumerate().collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn what_was_there_is_the_other_side_of_the_switch() {
        let line = |mutant, line: usize| {
            let text = planted(&[mutant]).text;
            let text = text.lines().nth(line - 1).unwrap().trim();
            text.replace("minato_sim::planted(\"mutant 0\")", "ON")
        };
        let body = mutant(Genre::FnValue, "let c", "true");
        assert_eq!(line(body, 2), "if ON { return true; } let c = !(a == b);");
        let equal = mutant(Genre::BinaryOperator, "==", "!=");
        assert_eq!(line(equal, 2), "let c = !((if ON { a != b } else { a == b }));");
        let not = mutant(Genre::UnaryOperator, "!", "");
        assert_eq!(line(not, 2), "let c = (if ON { (a == b) } else { !(a == b) });");
        let arm = mutant(Genre::MatchArm, "1 => c,", "");
        assert_eq!(line(arm, 4), "1 if !ON => c,");
        let guarded = mutant(Genre::MatchArm, "2 if", "");
        assert_eq!(line(guarded, 5), "2 if !ON && (c && b < 3) => true,");
        let guard = mutant(Genre::MatchArmGuard, "c && b < 3", "false");
        assert_eq!(line(guard, 5), "2 if (if ON { false } else { c && b < 3 }) => true,");
    }

    #[test]
    fn mutants_within_others_and_at_one_place_make_valid_code() {
        let both = [
            mutant(Genre::MatchArmGuard, "c && b < 3", "true"),
            mutant(Genre::BinaryOperator, "&&", "||"),
            mutant(Genre::BinaryOperator, "< 3", "=="),
            mutant(Genre::BinaryOperator, "< 3", "<="),
            mutant(Genre::FnValue, "let c", "true"),
            mutant(Genre::FnValue, "let c", "false"),
        ];
        let planted = planted(&both);
        syn::parse_file(&planted.text).unwrap();
        assert_eq!(planted.text.lines().count(), TEXT.lines().count());
        assert_eq!(planted.places.len(), both.len());
        for place in planted.places {
            assert!(planted.text[place.inserted].contains(&format!("\"mutant {}\"", place.mutant)));
        }
        assert!(planted.without.is_empty());
    }

    #[test]
    fn what_is_constant_has_no_switch() {
        let in_constant = mutant(Genre::BinaryOperator, "+ 1", "-");
        assert_eq!(planted(&[in_constant]).without, [0]);
    }
}
