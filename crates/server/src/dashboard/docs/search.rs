//! Finding a place in the guide.

use super::guide::{GuidePage, pages};

/// Places that are told at the most: what one reads before searching anew.
const MOST: usize = 20;
/// Words of a question that count: what people type, and little enough to compare with every place.
const MOST_WORDS: usize = 8;
/// Characters that are shown around what was found.
const AROUND: usize = 72;

/// A place that has every word that was asked for.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) page: &'static GuidePage,
    /// The heading it is under; empty at a page's beginning.
    pub(super) heading: &'static str,
    pub(super) href: String,
    /// The words around the first one that was found, and that one in the middle.
    pub(super) excerpt: (String, String, String),
    score: u32,
}

/// The places that have every word of a question, the best first.
pub(super) fn search(question: &str) -> Vec<Found> {
    let question = question.to_lowercase();
    let words = question.split_whitespace().take(MOST_WORDS);
    let words: Vec<&str> = words.map(singular).collect();
    if words.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<Found> = pages()
        .iter()
        .flat_map(|page| in_page(page, &words))
        .collect();
    found.sort_by_key(|one| std::cmp::Reverse(one.score));
    found.truncate(MOST);
    found
}

/// A word without the ending of the plural: it is found in either.
fn singular(word: &str) -> &str {
    match word.strip_suffix('s') {
        Some(stem) if stem.len() > 2 && !stem.ends_with('s') => stem,
        _ => word,
    }
}

fn in_page(page: &'static GuidePage, words: &[&str]) -> Vec<Found> {
    let document = &page.document;
    let beginning = ("", page.path(), document.summary.as_str());
    let headings = document.headings.iter().map(|heading| {
        let href = format!("{}#{}", page.path(), heading.anchor);
        (heading.text.as_str(), href, heading.words.as_str())
    });
    std::iter::once(beginning)
        .chain(headings)
        .filter_map(|(heading, href, text)| {
            let score = score(&document.title, heading, text, words)?;
            Some(Found {
                page,
                heading,
                href,
                excerpt: excerpt(text, words),
                score,
            })
        })
        .collect()
}

/// How well a place answers; `None` if a word is missing. A word in a heading tells most.
fn score(title: &str, heading: &str, text: &str, words: &[&str]) -> Option<u32> {
    let [title, heading, text] = [title, heading, text].map(str::to_lowercase);
    let mut sum = 0;
    for word in words {
        let of_place = if heading.contains(word) { 8 } else { 0 };
        let of_title = match (title.contains(word), heading.is_empty()) {
            (true, true) => 10,
            (true, false) => 1,
            (false, _) => 0,
        };
        let times = u32::try_from(text.matches(word).count()).unwrap_or(u32::MAX);
        // A page's title alone does not make every place in it an answer.
        if of_place == 0 && times == 0 && (of_title == 0 || !heading.is_empty()) {
            return None;
        }
        sum += of_place + of_title + times.min(3);
    }
    Some(sum)
}

fn excerpt(text: &str, words: &[&str]) -> (String, String, String) {
    // Lower case may be of another length than what it is made of: places count characters.
    let letters: Vec<char> = text.chars().collect();
    let lower: Vec<char> = letters
        .iter()
        .map(|letter| letter.to_lowercase().next().unwrap_or(*letter))
        .collect();
    let place = words.iter().find_map(|word| {
        let word: Vec<char> = word.chars().collect();
        let place = lower.windows(word.len()).position(|part| part == word)?;
        Some((place, place + word.len()))
    });
    let (begin, end) = place.unwrap_or((0, 0));
    let first = match begin.saturating_sub(AROUND) {
        0 => 0,
        early => letters[early..begin]
            .iter()
            .position(|letter| *letter == ' ')
            .map_or(begin, |space| early + space + 1),
    };
    let last = match end + AROUND {
        late if late < letters.len() => letters[end..late]
            .iter()
            .rposition(|letter| *letter == ' ')
            .map_or(end, |space| end + space),
        _ => letters.len(),
    };
    let cut = |marks: bool| if marks { "…" } else { "" };
    let part = |range: std::ops::Range<usize>| letters[range].iter().collect::<String>();
    (
        format!("{}{}", cut(first > 0), part(first..begin)),
        part(begin..end),
        format!("{}{}", part(end..last), cut(last < letters.len())),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_must_be_there_and_headings_tell_most() {
        let found = search("duplicate secret");
        let first = found.first().unwrap();
        assert_eq!(
            (first.page.name, first.heading),
            ("secrets-store", "Duplicate a secret")
        );
        assert!(found.len() <= MOST);
        assert!(search("duplicate xylophone").is_empty());
        assert!(search("  ").is_empty());
        assert_eq!(search("limits").first().unwrap().href, "/docs/limits");
        // A code of an error leads to its row.
        assert_eq!(
            search("10182").first().unwrap().page.name,
            "troubleshooting"
        );
    }

    #[test]
    fn what_was_found_is_shown_as_it_is_written() {
        let text = format!(
            "{} İstanbul here <b> {}",
            "word ".repeat(40),
            "after ".repeat(40)
        );
        let (before, found, after) = excerpt(&text, &["here"]);
        assert_eq!(found, "here");
        assert!(before.starts_with("…word") && before.ends_with("İstanbul "));
        assert!(after.starts_with(" <b> after") && after.ends_with('…'));
        assert_eq!(excerpt("", &["x"]), Default::default());
        assert_eq!(excerpt("Secret", &["secret"]).1, "Secret");
    }
}
