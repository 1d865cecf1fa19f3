package io.flagcast.report.page;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/**
 * What a page says, in its order. A chart has no data but its table, so the two cannot differ.
 *
 * @param title of the page
 * @param facts short facts about the publication, the most important first
 * @param summary what a reader has to know
 * @param sections the rest
 */
public record ReportData(String title, List<String> facts, Summary summary, List<Section> sections) {

    public ReportData {
        Objects.requireNonNull(title, "title");
        facts = List.copyOf(facts);
        Objects.requireNonNull(summary, "summary");
        sections = List.copyOf(sections);
        List<String> ids = sections.stream().map(Section::id).toList();
        if (ids.stream().distinct().count() != ids.size()) {
            throw new IllegalArgumentException("two sections have one id: " + ids);
        }
    }

    /**
     * The first thing to read.
     *
     * @param headline one sentence
     * @param topics each with its items, or the sentence that there are none
     */
    public record Summary(String headline, List<Topic> topics) {
        public Summary {
            Objects.requireNonNull(headline, "headline");
            topics = List.copyOf(topics);
        }
    }

    /**
     * A list of the summary.
     *
     * @param title its heading
     * @param items may be empty
     * @param otherwise what is said then
     */
    public record Topic(String title, List<Item> items, String otherwise) {
        public Topic {
            Objects.requireNonNull(title, "title");
            items = List.copyOf(items);
            Objects.requireNonNull(otherwise, "otherwise");
        }
    }

    /** How much a line asks for. */
    public enum Tone {
        /** Something to do. */
        URGENT,
        /** Something to know. */
        NOTABLE,
        PLAIN;

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * A line of the summary.
     *
     * @param tone how much it asks for
     * @param subject what it is about, in a word
     * @param text a sentence
     * @param beneath what belongs to it, a line each
     * @param section id of the section that says more
     * @param command what to type
     */
    public record Item(
            Tone tone,
            String subject,
            String text,
            List<String> beneath,
            Optional<String> section,
            Optional<String> command) {
        public Item {
            Objects.requireNonNull(tone, "tone");
            Objects.requireNonNull(subject, "subject");
            Objects.requireNonNull(text, "text");
            beneath = List.copyOf(beneath);
            Objects.requireNonNull(section, "section");
            Objects.requireNonNull(command, "command");
        }

        /** A line without others beneath it. */
        public Item(Tone tone, String subject, String text, Optional<String> section, Optional<String> command) {
            this(tone, subject, text, List.of(), section, command);
        }

        /** A line that asks for no command. */
        public Item(Tone tone, String subject, String text, Optional<String> section) {
            this(tone, subject, text, section, Optional.empty());
        }
    }

    /**
     * A part of the page with an entry in its contents.
     *
     * @param id unique on the page
     * @param title its heading
     * @param lead a sentence below it
     * @param groups its parts
     */
    public record Section(String id, String title, String lead, List<Group> groups) {
        public Section {
            if (!id.matches("[a-z][a-z0-9-]*")) {
                throw new IllegalArgumentException("section id '" + id + "' is not of a-z, 0-9 and -");
            }
            Objects.requireNonNull(title, "title");
            Objects.requireNonNull(lead, "lead");
            groups = List.copyOf(groups);
        }
    }

    /**
     * Figures and tables of one question.
     *
     * @param title the question
     * @param text a sentence: how to read it, or why there is nothing
     * @param figures may be empty
     */
    public record Group(String title, String text, List<Figure> figures) {
        public Group {
            Objects.requireNonNull(title, "title");
            Objects.requireNonNull(text, "text");
            figures = List.copyOf(figures);
        }

        /** A group that only says why there is nothing to show. */
        public static Group absent(String title, String why) {
            return new Group(title, why, List.of());
        }

        boolean isAbsent() {
            return figures.isEmpty();
        }
    }

    /**
     * A table, drawn as a chart where it has one.
     *
     * @param title what it shows
     * @param chart how it is drawn; absent for a table alone
     * @param table the values
     * @param look whether a table alone is seen at once
     */
    public record Figure(String title, Optional<Chart> chart, Table table, Look look) {

        /** How a table without a chart stands on the page. On paper all are open. */
        public enum Look {
            OPEN,
            /** Only its title is seen, until somebody opens it. */
            FOLDED
        }

        public Figure {
            Objects.requireNonNull(title, "title");
            Objects.requireNonNull(chart, "chart");
            Objects.requireNonNull(table, "table");
            Objects.requireNonNull(look, "look");
            chart.stream()
                    .flatMap(drawn -> drawn.columns().values().stream())
                    .filter(name -> !table.has(name))
                    .findFirst()
                    .ifPresent(name -> {
                        throw new IllegalArgumentException("'" + title + "' draws a column that is not there: " + name);
                    });
        }

        public static Figure drawn(String title, Chart chart, Table table) {
            return new Figure(title, Optional.of(chart), table, Look.OPEN);
        }

        public static Figure table(String title, Table table) {
            return new Figure(title, Optional.empty(), table, Look.OPEN);
        }

        /** A table of what is as it should be. */
        public static Figure folded(String title, Table table) {
            return new Figure(title, Optional.empty(), table, Look.FOLDED);
        }
    }

    /**
     * A value per row and column.
     *
     * @param caption unit, population, and what an interval means
     * @param columns at least one
     * @param rows text, numbers, instants, {@link Estimate}s and Optionals of them
     */
    public record Table(String caption, List<Column> columns, List<List<?>> rows) {
        public Table {
            Objects.requireNonNull(caption, "caption");
            columns = List.copyOf(columns);
            rows = rows.stream().<List<?>>map(List::copyOf).toList();
            for (List<?> row : rows) {
                if (row.size() != columns.size()) {
                    throw new IllegalArgumentException(
                            "a row of %d values for %d columns: %s".formatted(row.size(), columns.size(), row));
                }
            }
        }

        boolean has(String column) {
            return columns.stream().anyMatch(each -> each.name().equals(column));
        }
    }

    /**
     * A column of a table.
     *
     * @param name for the chart
     * @param title for people
     * @param format of its values
     */
    public record Column(String name, String title, Format format) {
        public Column {
            Objects.requireNonNull(name, "name");
            Objects.requireNonNull(title, "title");
            Objects.requireNonNull(format, "format");
        }

        public static Column text(String name, String title) {
            return new Column(name, title, Format.TEXT);
        }

        public static Column count(String name, String title) {
            return new Column(name, title, Format.COUNT);
        }
    }
}
