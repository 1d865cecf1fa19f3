package io.flagcast.jobs.questions;

import java.util.Arrays;
import java.util.Optional;
import org.apache.spark.QueryContext;
import org.apache.spark.QueryContextType;
import org.apache.spark.SparkThrowable;
import org.apache.spark.sql.AnalysisException;
import scala.Option;

/**
 * Where in a query something is wrong.
 *
 * @param line 1 the first
 * @param column 1 the first
 * @param text the line
 * @param length how many characters of it
 */
record QueryPlace(int line, int column, String text, int length) {

    /** How much of a long line is shown before the place, and in all. */
    private static final int BEFORE = 50;

    private static final int SHOWN = 100;

    /** Where Spark says that it is, where it does. */
    static Optional<QueryPlace> of(Throwable error, String query) {
        return error instanceof SparkThrowable spark
                ? Arrays.stream(spark.getQueryContext())
                        .filter(context -> isOf(context, query))
                        .findFirst()
                        .map(context -> at(query, context.startIndex(), context.stopIndex()))
                        .or(() -> started(error, query))
                : Optional.empty();
    }

    /** Whether it is of the query itself, and not of a view that it reads. */
    private static boolean isOf(QueryContext context, String query) {
        return context.contextType() == QueryContextType.SQL
                && context.objectType().isEmpty()
                && query.startsWith(context.fragment(), context.startIndex());
    }

    private static Optional<QueryPlace> started(Throwable error, String query) {
        if (!(error instanceof AnalysisException analysis)) {
            return Optional.empty();
        }
        Option<Object> line = analysis.line();
        Option<Object> position = analysis.startPosition();
        if (line.isEmpty() || position.isEmpty()) {
            return Optional.empty();
        }
        String[] lines = query.split("\n", -1);
        int number = (Integer) line.get();
        int column = (Integer) position.get() + 1;
        return number > lines.length || column > lines[number - 1].length()
                ? Optional.empty()
                : Optional.of(new QueryPlace(number, column, lines[number - 1], 1));
    }

    private static QueryPlace at(String query, int start, int stop) {
        int begin = query.lastIndexOf('\n', start - 1) + 1;
        int next = query.indexOf('\n', start);
        String text = query.substring(begin, next < 0 ? query.length() : next);
        int line = (int) query.substring(0, begin)
                        .chars()
                        .filter(each -> each == '\n')
                        .count()
                + 1;
        int column = start - begin + 1;
        return new QueryPlace(line, column, text, Math.min(stop - start + 1, text.length() - column + 1));
    }

    /** The place, its line, and a mark below. */
    @Override
    public String toString() {
        int from = Math.max(0, column - 1 - BEFORE);
        int to = Math.min(text.length(), from + SHOWN);
        String cut =
                (from > 0 ? "…" : "") + text.substring(from, to).replace('\t', ' ') + (to < text.length() ? "…" : "");
        int marked = Math.min(length, to - column + 1);
        return " (line %d, column %d)%n  %s%n  %s%s"
                .formatted(line, column, cut, " ".repeat((from > 0 ? 1 : 0) + column - 1 - from), "^".repeat(marked));
    }
}
