package io.flagcast.jobs.questions;

import io.flagcast.experiments.document.Nearest;
import io.flagcast.features.FirstSentence;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.LakeFunctions;
import io.flagcast.lake.LakeViews;
import io.flagcast.lake.Refusal;
import io.flagcast.tables.Table;
import io.flagcast.tables.Table.Kind;
import io.flagcast.tables.Tables;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.spark.SparkThrowable;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.parser.ParseException;
import org.apache.spark.sql.catalyst.plans.logical.Command;
import org.apache.spark.sql.catalyst.plans.logical.InsertIntoDir;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.ParsedStatement;
import scala.jdk.javaapi.CollectionConverters;

/** What is wrong with a query, in one sentence and at its place: Spark says the same with its plan. */
public final class MistakenQuery {

    /** What a statement that changes nothing begins with. */
    private static final Set<String> READING =
            Set.of("SELECT", "WITH", "FROM", "VALUES", "TABLE", "SHOW", "DESCRIBE", "DESC", "EXPLAIN");

    /** Of these Spark makes commands, which only look. */
    private static final Set<String> LOOKING = Set.of("SHOW", "DESCRIBE", "DESC", "EXPLAIN");

    private static final Pattern FIRST_WORD =
            Pattern.compile("^(?:\\s|\\(|--[^\\n]*(?:\\n|$)|/\\*.*?\\*/)*(\\w+)", Pattern.DOTALL);

    private MistakenQuery() {}

    /**
     * Sees that a query changes nothing: neither tables and files, nor views and settings, which would be gone with the session.
     *
     * @throws Refusal with exit code 64 where it would, or is not readable
     */
    public static void requireReading(SparkSession spark, String query) {
        LogicalPlan plan;
        try {
            plan = spark.sessionState().sqlParser().parsePlan(query);
        } catch (ParseException e) {
            throw of(e, query).orElseThrow(() -> new IllegalStateException(e));
        }
        Matcher first = FIRST_WORD.matcher(query);
        String word = first.find() ? first.group(1).toUpperCase(Locale.ROOT) : "";
        if (!READING.contains(word) || (!LOOKING.contains(word) && changes(plan))) {
            throw new Refusal(
                    ExitCode.USAGE,
                    "sql: %s is refused: a query changes nothing; it begins with SELECT, WITH, FROM, VALUES, TABLE, SHOW, DESCRIBE or EXPLAIN"
                            .formatted(READING.contains(word) ? "what follows " + word : word));
        }
    }

    /** Below WITH and FROM, an INSERT or another change may stand. */
    private static boolean changes(LogicalPlan plan) {
        return plan instanceof Command
                || plan instanceof ParsedStatement
                || plan instanceof InsertIntoDir
                || CollectionConverters.asJava(plan.children()).stream().anyMatch(MistakenQuery::changes);
    }

    /**
     * The refusal, with exit code 64, that an error of Spark amounts to.
     *
     * @param query what was asked
     * @return absent where the query is not at fault
     */
    public static Optional<Refusal> of(Throwable error, String query) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof SparkThrowable spark && isMistake(spark)) {
                return Optional.of(new Refusal(
                        ExitCode.USAGE,
                        "sql: "
                                + sentence(spark, cause, query)
                                + QueryPlace.of(cause, query)
                                        .map(QueryPlace::toString)
                                        .orElse(""),
                        error));
            }
            if (cause instanceof StackOverflowError) {
                return Optional.of(new Refusal(
                        ExitCode.USAGE,
                        "sql: the query is nested too deeply: take it apart by WITH, or by IN (…)",
                        error));
            }
        }
        return Optional.empty();
    }

    /** Classes of SQL states: 0A not supported, 21 and 22 values, 42 syntax and names, 54 limits, P0 what a query raises itself. */
    private static boolean isMistake(SparkThrowable error) {
        String state = String.valueOf(error.getSqlState());
        return Stream.of("0A", "21", "22", "42", "54", "P0").anyMatch(state::startsWith);
    }

    private static String sentence(SparkThrowable error, Throwable cause, String query) {
        String condition = String.valueOf(error.getCondition());
        if (condition.startsWith("TABLE_OR_VIEW_NOT_FOUND")) {
            return noTable(parameter(error, "relationName"));
        }
        if (condition.startsWith("UNRESOLVED_COLUMN")) {
            String name = last(parameter(error, "objectName"));
            List<String> columns = columns(parameter(error, "proposal"), query);
            return columns.contains(name)
                    ? "column '%s' is not there: a GROUP BY and a subquery hand on only what they select"
                            .formatted(name)
                    : "no column '" + name + "'"
                            + nearest(name, columns).orElse("; DESCRIBE and the name of the table list them");
        }
        if (condition.startsWith("FIELD_NOT_FOUND")) {
            return "no field '%s'; there are: %s"
                    .formatted(plain(parameter(error, "fieldName")), plain(parameter(error, "fields")));
        }
        if (condition.startsWith("UNRESOLVED_ROUTINE")) {
            String name = plain(parameter(error, "routineName"));
            return "no function '" + name + "'"
                    + nearest(last(name), LakeFunctions.NAMES).orElse("; SHOW FUNCTIONS lists them");
        }
        String said = FirstSentence.of(cause);
        boolean isPlace = condition.startsWith("UNSUPPORTED_S")
                && LakeFunctions.NAMES.stream().anyMatch(query.toLowerCase(Locale.ROOT)::contains);
        return isPlace ? said + " Select the function's value by a name first, and use that name here." : said;
    }

    private static String parameter(SparkThrowable error, String name) {
        return error.getMessageParameters().getOrDefault(name, "");
    }

    private static String noTable(String quoted) {
        String name = plain(quoted);
        if (Tables.named(name).filter(table -> table.kind() == Kind.INPUT).isPresent()) {
            return "'%s' is an input: it is read from its source and is not in the lake".formatted(name);
        }
        List<String> names = LakeViews.tables().stream().map(Table::name).toList();
        List<String> known = name.contains(".")
                ? names.stream().map(table -> LakeViews.HISTORY + "." + table).toList()
                : Stream.concat(names.stream(), Stream.of(LakeViews.LIVE)).toList();
        return "no table '" + name + "'" + nearest(name, known).orElse("; SHOW TABLES lists them");
    }

    /** The columns of the tables that a query names, and those that Spark proposes: of expressions, too. */
    private static List<String> columns(String proposal, String query) {
        String text = query.toLowerCase(Locale.ROOT);
        return Stream.concat(
                        Arrays.stream(proposal.split(", ", -1)).map(MistakenQuery::last),
                        LakeViews.tables().stream()
                                .filter(table -> text.contains(table.name()))
                                .flatMap(table -> table.columnNames().stream()))
                .filter(name -> !name.isEmpty())
                .distinct()
                .toList();
    }

    /** By typing errors; otherwise one that has the word in it, as segment_metrics has metrics. */
    private static Optional<String> nearest(String name, Collection<String> known) {
        String word = name.toLowerCase(Locale.ROOT);
        return Nearest.to(name, known)
                .or(() -> known.stream()
                        .filter(other -> other.contains(word) || word.contains(other))
                        .min(Comparator.comparingInt(other -> Math.abs(other.length() - word.length()))))
                .map(other -> "; nearest: " + other);
    }

    private static String plain(String quoted) {
        return quoted.replace("`", "");
    }

    private static String last(String quoted) {
        String name = plain(quoted);
        return name.substring(name.lastIndexOf('.') + 1);
    }
}
