//! Rows of comma-separated values (RFC 4180) that a spreadsheet takes for nothing but text.

/// What a spreadsheet takes for the beginning of a formula; those of full width are typed in East Asia.
const FORMULA_STARTS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// What some programs take for the beginning of another cell or line, quoted or not.
const BREAKS: [char; 3] = ['\t', '\r', '\n'];

/// Appends a line of fields.
pub(super) fn push_line<'f>(text: &mut String, fields: impl IntoIterator<Item = &'f str>) {
    let mut first = true;
    for field in fields {
        if !std::mem::take(&mut first) {
            text.push(',');
        }
        push_field(text, field);
    }
    text.push_str("\r\n");
}

fn push_field(text: &mut String, field: &str) {
    let is_formula = field.starts_with(BREAKS) || seen(field).starts_with(FORMULA_STARTS);
    let needs_quotes = field.contains(['"', ',', '\r', '\n']);
    if needs_quotes {
        text.push('"');
    }
    if is_formula {
        text.push('\'');
    }
    if needs_quotes {
        text.push_str(&field.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(field);
    }
}

/// A field from the first character on that a program does not pass over.
fn seen(field: &str) -> &str {
    let passed_over = |character: char| {
        character.is_whitespace() || character.is_control() || character == '\u{feff}'
    };
    field.trim_start_matches(passed_over)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be_and_are_never_formulas() {
        let mut text = String::new();
        let fields = [
            "plain",
            "",
            "a,b",
            "say \"hi\"",
            "two\nlines",
            "=1+1",
            "+1",
            "-1",
            "@x",
            "a=b",
            "\tx",
            "=\"a\",b",
            "\n=1",
            "\rx",
            " =1",
            "\u{a0}@x",
            "\u{feff}+1",
            "\0-1",
            "＝1",
            "＋1",
            "－1",
            "＠x",
            " a=b",
        ];
        push_line(&mut text, fields);
        push_line(&mut text, ["next"]);
        assert_eq!(
            text,
            "plain,,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",'=1+1,'+1,'-1,'@x,a=b,'\tx,\"'=\"\"a\"\",b\",\
             \"'\n=1\",\"'\rx\",' =1,'\u{a0}@x,'\u{feff}+1,'\0-1,'＝1,'＋1,'－1,'＠x, a=b\r\nnext\r\n"
        );
    }
}
