//! Rows of comma-separated values (RFC 4180) that a spreadsheet takes for nothing but text.

/// What a spreadsheet takes for the beginning of a formula, also behind what it passes over.
const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

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
    let is_formula = field.starts_with(FORMULA_STARTS);
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
        ];
        push_line(&mut text, fields);
        push_line(&mut text, ["next"]);
        assert_eq!(
            text,
            "plain,,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",'=1+1,'+1,'-1,'@x,a=b,'\tx,\"'=\"\"a\"\",b\"\r\nnext\r\n"
        );
    }
}
