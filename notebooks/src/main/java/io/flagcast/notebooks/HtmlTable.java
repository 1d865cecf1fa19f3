package io.flagcast.notebooks;

import java.util.List;

/** A table as a notebook shows it. Styles stand in the elements, so that no style sheet of a notebook or page changes them. */
final class HtmlTable {

    private static final String FONT =
            "font:13px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;";
    private static final String INK = "color:#1c2127;";
    private static final String SOFT = "color:#565e68;";
    private static final String TABLE = "border-collapse:collapse;border:0;margin:.2rem 0;" + FONT;
    private static final String HEAD =
            "padding:.3rem .9rem .3rem 0;border:0;border-bottom:1px solid #b9b8b0;font-weight:600;white-space:nowrap;"
                    + "vertical-align:bottom;background:none;" + SOFT;
    private static final String CELL =
            "padding:.28rem .9rem .28rem 0;border:0;border-bottom:1px solid #dddcd5;vertical-align:top;background:none;"
                    + INK;
    /** From so many characters on a text may be broken. */
    private static final int LONG = 28;

    private HtmlTable() {}

    /**
     * The table.
     *
     * @param below sentences under it
     */
    static String of(List<String> title, List<TextColumn> columns, List<String> below) {
        StringBuilder html = new StringBuilder("<div class=\"flagcast\" style=\"overflow-x:auto;max-width:100%\">");
        title.forEach(text -> paragraph(html, text, "font-weight:600;" + INK));
        if (!columns.isEmpty()) {
            html.append("<table style=\"%s\"><thead><tr style=\"background:none\">".formatted(TABLE));
            columns.forEach(column -> html.append("<th style=\"%s%s\">%s</th>"
                    .formatted(HEAD, align(column), escaped(column.name().replace('_', ' ')))));
            html.append("</tr></thead><tbody>");
            for (int row = 0; row < columns.get(0).cells().size(); row++) {
                html.append("<tr style=\"background:none\">");
                for (TextColumn column : columns) {
                    String cell = column.cells().get(row);
                    html.append("<td style=\"%s%s%s\">%s</td>"
                            .formatted(
                                    CELL,
                                    align(column),
                                    cell.length() < LONG ? "white-space:nowrap;" : "min-width:14rem;",
                                    escaped(cell)));
                }
                html.append("</tr>");
            }
            html.append("</tbody></table>");
        }
        below.forEach(text -> paragraph(html, text, SOFT));
        return html.append("</div>").toString();
    }

    private static void paragraph(StringBuilder html, String text, String style) {
        html.append("<p style=\"margin:.2rem 0;max-width:52rem;%s%s\">%s</p>".formatted(FONT, style, escaped(text)));
    }

    private static String align(TextColumn column) {
        return column.isNumeric() ? "text-align:right;font-variant-numeric:tabular-nums;" : "text-align:left;";
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
