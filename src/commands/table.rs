//! Tables for people: columns as wide as their widest cell.

/// Renders rows below their headings, without a line end.
pub(super) fn render_table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let cells = |row: &[String; N]| row.each_ref().map(|cell| cell.chars().count());
    let mut widths = headings.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(cells(row)) {
            *width = (*width).max(cell);
        }
    }
    let line = |row: [&str; N]| {
        let padded = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let rows = rows.iter().map(|row| line(row.each_ref().map(String::as_str)));
    std::iter::once(line(headings)).chain(rows).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["é".to_owned(), "running".to_owned()], ["filter".to_owned(), String::new()]];
        assert_eq!(render_table(["NAME", "STATUS"], &rows), "NAME    STATUS\né       running\nfilter");
    }
}
