//! Markdown of the guide as HTML.
//!
//! Besides what everyone's Markdown has: headings of the fourth level that follow each other are ways to do the same
//! thing, of which a reader chooses one. Raw HTML is text.

use std::collections::HashMap;

use pulldown_cmark::{
    CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html,
};

use crate::dashboard::filters::icon_named;

/// A heading that a link can lead to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Heading {
    /// 2 or 3.
    pub(super) level: u8,
    pub(super) anchor: String,
    pub(super) text: String,
    /// The words below it, to the next heading, in one line.
    pub(super) words: String,
}

/// A document, rendered.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// What the heading of the first level says.
    pub(super) title: String,
    /// The first paragraph, in plain words.
    pub(super) summary: String,
    /// All but the title.
    pub(super) html: String,
    pub(super) headings: Vec<Heading>,
    /// Where its links lead, as they are written in the HTML.
    pub(super) links: Vec<String>,
}

/// Renders a document; `address` makes a link's address of what is written.
pub(super) fn render(markdown: &str, address: impl Fn(&str) -> String) -> Document {
    let mut document = Document::default();
    let events: Vec<Event<'_>> = Parser::new_ext(markdown, Options::ENABLE_TABLES).collect();
    read_words(&events, &mut document);
    let anchors = document.headings.iter();
    let mut anchors = anchors.map(|heading| (heading.anchor.clone(), heading.text.clone()));
    let mut written = Vec::with_capacity(events.len());
    let mut rest = events.into_iter();
    while let Some(event) = rest.next() {
        match event {
            Event::Start(Tag::Heading {
                level: HeadingLevel::H1,
                ..
            }) => rest
                .by_ref()
                .take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))))
                .for_each(drop),
            Event::Start(Tag::Heading { level, .. }) if level <= HeadingLevel::H3 => {
                let (anchor, text) = anchors.next().unwrap_or_default();
                written.push(ours(format!("<{level} id=\"{anchor}\">")));
                written.extend(
                    rest.by_ref()
                        .take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_)))),
                );
                written.push(ours(format!(
                    "<a class=\"anchor\" href=\"#{anchor}\" aria-label=\"Link to {}\">#</a></{level}>\n",
                    escaped(&text)
                )));
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                let inside = rest
                    .by_ref()
                    .take_while(|event| !matches!(event, Event::End(TagEnd::CodeBlock)));
                let code: String = inside.map(text_of).collect();
                written.push(ours(code_block(&code, &kind)));
            }
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            }) => {
                let dest_url = address(&dest_url);
                document.links.push(dest_url.clone());
                written.push(Event::Start(Tag::Link {
                    link_type,
                    dest_url: dest_url.into(),
                    title,
                    id,
                }));
            }
            Event::Start(Tag::Table(alignments)) => {
                written.push(ours("<div class=\"table\" tabindex=\"0\">".to_owned()));
                written.push(Event::Start(Tag::Table(alignments)));
            }
            Event::End(TagEnd::Table) => {
                written.push(Event::End(TagEnd::Table));
                written.push(ours("</div>".to_owned()));
            }
            Event::Html(text) | Event::InlineHtml(text) => written.push(Event::Text(text)),
            event => written.push(event),
        }
    }
    document.html = with_ways(&written);
    document
}

/// Title, summary, headings and the words below them.
fn read_words(events: &[Event<'_>], document: &mut Document) {
    let mut anchors = HashMap::new();
    let mut heading: Option<HeadingLevel> = None;
    let mut text = String::new();
    let mut is_summary = false;
    for event in events {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                heading = Some(*level);
                text.clear();
            }
            Event::End(TagEnd::Heading(HeadingLevel::H1)) => {
                heading = None;
                document.title = text.trim().to_owned();
            }
            Event::End(TagEnd::Heading(level)) if *level <= HeadingLevel::H3 => {
                heading = None;
                document.headings.push(Heading {
                    level: if *level == HeadingLevel::H2 { 2 } else { 3 },
                    anchor: anchor_of(&text, &mut anchors),
                    text: text.trim().to_owned(),
                    words: String::new(),
                });
            }
            Event::End(TagEnd::Heading(_)) => heading = None,
            Event::Start(Tag::Paragraph) if document.headings.is_empty() => {
                is_summary = document.summary.is_empty();
            }
            Event::End(TagEnd::Paragraph) => is_summary = false,
            Event::Text(words) | Event::Code(words) => {
                if heading.is_some() {
                    text.push_str(words);
                } else if is_summary {
                    document.summary.push_str(words);
                } else if let Some(last) = document.headings.last_mut() {
                    last.words.push_str(words);
                }
            }
            Event::SoftBreak | Event::HardBreak if is_summary => document.summary.push(' '),
            _ => {}
        }
        let is_a_break = matches!(
            event,
            Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::TableCell | TagEnd::CodeBlock)
                | Event::SoftBreak
                | Event::HardBreak
        );
        if let Some(last) = document.headings.last_mut()
            && is_a_break
            && !last.words.ends_with([' ', '\n'])
        {
            last.words.push(' ');
        }
    }
    for heading in &mut document.headings {
        let words: Vec<&str> = heading.words.split_whitespace().collect();
        heading.words = words.join(" ");
    }
}

/// A heading's place in an address, unlike any other's of the document.
fn anchor_of(text: &str, taken: &mut HashMap<String, usize>) -> String {
    let mut anchor = String::new();
    for character in text.trim().to_lowercase().chars() {
        match character {
            ' ' | '-' => anchor.push('-'),
            letter if letter.is_alphanumeric() || letter == '_' => anchor.push(letter),
            _ => {}
        }
    }
    let times = taken.entry(anchor.clone()).or_insert(0);
    *times += 1;
    match *times {
        1 => anchor,
        times => format!("{anchor}-{}", times - 1),
    }
}

fn code_block(code: &str, kind: &CodeBlockKind<'_>) -> String {
    let code = escaped(code.trim_end());
    let label = match kind {
        CodeBlockKind::Fenced(language) if !language.is_empty() => language.as_ref(),
        _ => "text",
    };
    // What is only to be looked at, such as an answer, is not offered for copying.
    let copy = if label == "text" {
        String::new()
    } else {
        let icon = icon_named("copy");
        format!(
            "<button type=\"button\" class=\"square bare\" data-copy=\"{code}\" aria-label=\"Copy the code\" hidden>{icon}</button>"
        )
    };
    format!("<div class=\"code\"><pre tabindex=\"0\"><code>{code}</code></pre>{copy}</div>\n")
}

/// The HTML of events, with each run of ways as radio buttons that show one of them.
fn with_ways(events: &[Event<'_>]) -> String {
    let mut page = String::new();
    let mut runs = 0;
    let mut rest = events;
    loop {
        let before = rest.iter().position(is_way).unwrap_or(rest.len());
        let (plain, ways) = rest.split_at(before);
        page.push_str(&html_of(plain));
        if ways.is_empty() {
            return page;
        }
        let end = ways.iter().position(ends_ways).unwrap_or(ways.len());
        let (ways, after) = ways.split_at(end);
        runs += 1;
        page.push_str(&chooser(ways, runs));
        rest = match after {
            [Event::Rule, after @ ..] => after,
            after => after,
        };
    }
}

fn is_way(event: &Event<'_>) -> bool {
    matches!(event, Event::Start(Tag::Heading { level, .. }) if *level == HeadingLevel::H4)
}

/// A rule, or a heading above the ways' own, which is HTML of ours by now.
fn ends_ways(event: &Event<'_>) -> bool {
    match event {
        Event::Rule => true,
        Event::Html(html) => html.starts_with("<h2") || html.starts_with("<h3"),
        _ => false,
    }
}

fn chooser(ways: &[Event<'_>], number: usize) -> String {
    let (mut choices, mut contents) = (String::new(), String::new());
    for (index, way) in ways.split(is_way).skip(1).enumerate() {
        let end = way
            .iter()
            .position(|event| matches!(event, Event::End(TagEnd::Heading(_))));
        let (label, content) = way.split_at(end.unwrap_or(0));
        let label: String = label.iter().cloned().map(text_of).collect();
        let label = escaped(&label);
        let checked = if index == 0 { " checked" } else { "" };
        choices.push_str(&format!(
            "<input type=\"radio\" name=\"way-{number}\" id=\"way-{number}-{index}\" data-same=\"{label}\"{checked}>\
             <label for=\"way-{number}-{index}\">{label}</label>"
        ));
        let content = html_of(content.get(1..).unwrap_or_default());
        contents.push_str(&format!("<div class=\"way\">{content}</div>"));
    }
    format!(
        "<fieldset class=\"ways\"><legend class=\"only-read\">Ways to do it</legend>{choices}{contents}</fieldset>\n"
    )
}

fn html_of(events: &[Event<'_>]) -> String {
    let mut page = String::new();
    html::push_html(&mut page, events.iter().cloned());
    // In text the sign would be `&lt;`.
    page.replace("<th>", "<th scope=\"col\">")
}

fn ours(html: String) -> Event<'static> {
    Event::Html(CowStr::from(html))
}

fn text_of(event: Event<'_>) -> String {
    match event {
        Event::Text(text) | Event::Code(text) => text.into_string(),
        Event::SoftBreak | Event::HardBreak => " ".to_owned(),
        _ => String::new(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(markdown: &str) -> Document {
        render(markdown, str::to_owned)
    }

    #[test]
    fn a_document_has_a_title_a_summary_and_headings_with_words() {
        let document = rendered(
            "# The *title*\n\nWhat `it`\nis.\n\n## One: two\n\n**Text**\nhere.\n\n```sh\ncode\n```\n\n### One: two\n\nMore.",
        );
        assert_eq!(
            (document.title.as_str(), document.summary.as_str()),
            ("The title", "What it is.")
        );
        let heading = |level, anchor: &str, words: &str| Heading {
            level,
            anchor: anchor.to_owned(),
            text: "One: two".to_owned(),
            words: words.to_owned(),
        };
        assert_eq!(
            document.headings,
            [
                heading(2, "one-two", "Text here. code"),
                heading(3, "one-two-1", "More.")
            ]
        );
        assert!(!document.html.contains("<h1"));
        assert!(document.html.contains("<h2 id=\"one-two\">One: two"));
    }

    #[test]
    fn raw_html_is_text() {
        let document = rendered("a <b onclick=x>b</b>\n\n<script>alert(1)</script>\n\n`<i>`");
        for tag in ["<b", "<script", "<i>"] {
            assert!(!document.html.contains(tag), "{}", document.html);
        }
        assert!(document.html.contains("&lt;script&gt;"));
    }

    #[test]
    fn headings_of_the_fourth_level_are_ways_to_choose_from() {
        let document = rendered(
            "## Task\n\nBefore.\n\n#### Dashboard\n\nClick.\n\n#### API\n\n```sh\ncurl\n```\n\n---\n\nAfter.\n\n#### A\n\n1\n\n## Next\n\n2",
        );
        let html = &document.html;
        assert_eq!(html.matches("<fieldset").count(), 2, "{html}");
        assert_eq!(html.matches("type=\"radio\"").count(), 3);
        assert_eq!(html.matches(" checked>").count(), 2);
        assert!(html.contains("<div class=\"way\"><p>Click.</p>"), "{html}");
        let (ways, after) = html.split_once("</fieldset>").unwrap();
        assert!(ways.contains("curl") && !after.contains("curl"));
        assert!(after.contains("<p>After.</p>") && !html.contains("<hr"));
        assert!(
            html.split("</fieldset>")
                .nth(2)
                .unwrap()
                .contains("<h2 id=\"next\">")
        );
    }

    #[test]
    fn links_are_rewritten_and_told() {
        let document = render("[a](b.md#c) <https://example.com>", |link| {
            link.replace(".md", "")
        });
        assert_eq!(document.links, ["b#c", "https://example.com"]);
        assert!(document.html.contains("href=\"b#c\""));
    }

    #[test]
    fn code_is_copied_as_it_is() {
        let document = rendered("```sh\necho \"<a>\" && b\n```\n\n```text\nanswer\n```");
        let html = &document.html;
        assert!(
            html.contains("data-copy=\"echo &quot;&lt;a&gt;&quot; &amp;&amp; b\""),
            "{html}"
        );
        assert_eq!(html.matches("data-copy").count(), 1);
    }
}
