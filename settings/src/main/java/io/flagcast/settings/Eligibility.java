package io.flagcast.settings;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;

import io.flagcast.experiments.Experiment;
import io.flagcast.features.FirstSentence;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.tables.Ids;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.analysis.UnresolvedFunction;
import org.apache.spark.sql.catalyst.expressions.Cast;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.Generator;
import org.apache.spark.sql.catalyst.expressions.Literal;
import org.apache.spark.sql.catalyst.expressions.PlanExpression;
import org.apache.spark.sql.catalyst.expressions.WindowExpression;
import org.apache.spark.sql.catalyst.expressions.aggregate.AggregateExpression;
import org.apache.spark.sql.catalyst.parser.CatalystSqlParser;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.unsafe.types.UTF8String;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Who may meet an experiment: a condition over one user's profile, the same on every machine and day. So no subquery, no
 * function of the clock, of chance or of the session, and nothing that calls code by its name.
 */
public final class Eligibility {

    /** Functions by name, in lower case; those of chance that have other names are found by their nature. */
    private static final Set<String> DENIED = Set.of(
            "reflect",
            "java_method",
            "try_reflect",
            "current_date",
            "curdate",
            "current_time",
            "current_timestamp",
            "current_timezone",
            "localtimestamp",
            "now",
            "unix_timestamp",
            "rand",
            "random",
            "randn",
            "randstr",
            "uniform",
            "uuid",
            "shuffle",
            "monotonically_increasing_id",
            "spark_partition_id",
            "input_file_name",
            "input_file_block_start",
            "input_file_block_length",
            "current_user",
            "user",
            "session_user",
            "current_catalog",
            "current_database",
            "current_schema",
            "version",
            "raise_error",
            "assert_true",
            "read_files",
            "aes_encrypt",
            "from_xml",
            "from_avro",
            "from_protobuf",
            "sql_keywords");

    private static final String MORE_THAN_ONE_ROW =
            "looks at more than one row, or makes more: only one user's profile is allowed";

    /** Characters of an expression, and brackets within one another: its parser takes long for many, and stack for each. */
    private static final int MOST_CHARACTERS = 20_000;

    private static final int MOST_LEVELS = 50;
    private static final int MOST_SHOWN = 200;

    private Eligibility() {}

    /** DATE 'today': the parser replaces it by a constant. */
    private static final Pattern CLOCK_LITERAL =
            Pattern.compile("(?is).*\\b(date|timestamp\\w*)\\s*'\\s*(now|today|tomorrow|yesterday)\\b.*");

    /** Texts that Spark takes for the clock where it reads them as a date or time. */
    private static final Pattern CLOCK = Pattern.compile("(?i)\\s*(now|today|tomorrow|yesterday)(\\s.*)?");

    private static final String TOO_DEEP =
            "is nested deeper than %d levels: make it a column of the source".formatted(MOST_LEVELS);

    private static final String OF_THE_CLOCK =
            "reads the clock (now, today, tomorrow or yesterday): an answer must be the same on every day";

    /** What is wrong with the text of a condition, whatever the profile: known without a session. */
    static Optional<String> problem(Experiment experiment) {
        return experiment.eligibility().flatMap(Eligibility::problem).map(why -> message(experiment, why));
    }

    private static String message(Experiment experiment, String why) {
        String condition = experiment.eligibility().orElseThrow();
        return "%s: eligibility \"%s\" %s"
                .formatted(
                        experiment.file(),
                        condition.length() <= MOST_SHOWN ? condition : condition.substring(0, MOST_SHOWN) + "…",
                        why);
    }

    private static int levels(String condition) {
        int most = 0;
        int levels = 0;
        for (int at = 0; at < condition.length(); at++) {
            char c = condition.charAt(at);
            if (c == '(' || c == '[') {
                most = Math.max(most, ++levels);
            } else if (c == ')' || c == ']') {
                levels--;
            }
        }
        return most;
    }

    /** What is wrong with an expression over one row that must be the same on every machine and day. */
    static Optional<String> problem(String expression) {
        if (expression.length() > MOST_CHARACTERS) {
            return Optional.of(
                    "has more than %,d characters: make it a column of the source".formatted(MOST_CHARACTERS));
        }
        if (levels(expression) > MOST_LEVELS) {
            return Optional.of(TOO_DEEP);
        }
        if (CLOCK_LITERAL.matcher(expression).matches()) {
            return Optional.of(OF_THE_CLOCK);
        }
        try {
            return forbidden(new CatalystSqlParser().parseExpression(expression));
        } catch (Exception e) {
            // Spark declares no checked exceptions in Java, yet throws ParseException.
            if (e instanceof AnalysisException) {
                return Optional.of("is not readable as a Spark SQL expression: " + FirstSentence.of(e));
            }
            throw e;
        } catch (StackOverflowError e) {
            return Optional.of(TOO_DEEP);
        }
    }

    /**
     * The condition as a column of the profiles, false where it is unknown.
     *
     * @throws Refusal where the profile lacks a column, the expression is no condition, or it is forbidden
     */
    public static Column of(Experiment experiment, Dataset<Row> profiles) {
        if (experiment.eligibility().isEmpty()) {
            return lit(true);
        }
        String condition = experiment.eligibility().get();
        problem(experiment).ifPresent(why -> {
            throw new Refusal(ExitCode.CONFIGURATION, why);
        });
        try {
            Dataset<Row> alone = profiles.select(expr(condition));
            LogicalPlan plan = alone.queryExecution().analyzed();
            for (Expression expression : CollectionConverters.asJava(plan.expressions())) {
                forbidden(expression).ifPresent(why -> {
                    throw refusal(experiment, why);
                });
            }
            // Windows and generators have left the expression by now: they are steps of their own between it and the
            // profiles.
            LogicalPlan below = plan.children().head();
            if (!below.equals(profiles.queryExecution().analyzed())) {
                throw refusal(experiment, MORE_THAN_ONE_ROW);
            }
            if (!alone.schema().fields()[0].dataType().equals(DataTypes.BooleanType)) {
                throw refusal(
                        experiment,
                        "is %s, not a condition"
                                .formatted(alone.schema().fields()[0].dataType().sql()));
            }
        } catch (Exception e) {
            if (e instanceof AnalysisException) {
                throw refusal(
                        experiment,
                        "cannot be evaluated over the profile, which has %s: %s"
                                .formatted(Ids.few(List.of(profiles.columns())), FirstSentence.of(e)));
            }
            throw e;
        }
        return coalesce(expr(condition), lit(false));
    }

    private static Refusal refusal(Experiment experiment, String why) {
        return new Refusal(ExitCode.CONFIGURATION, message(experiment, why));
    }

    private static Optional<String> forbidden(Expression expression) {
        if (expression instanceof PlanExpression) {
            return Optional.of("has a subquery: only columns of the user's own profile are allowed");
        }
        if (expression instanceof AggregateExpression
                || expression instanceof WindowExpression
                || expression instanceof Generator) {
            return Optional.of(MORE_THAN_ONE_ROW);
        }
        if (expression instanceof Literal literal
                && literal.value() instanceof UTF8String text
                && CLOCK.matcher(text.toString()).matches()) {
            return Optional.of(OF_THE_CLOCK);
        }
        if (expression instanceof Cast cast
                && !(cast.dataType() instanceof StringType)
                && cast.child().resolved()
                && cast.child().foldable()
                && cast.child().eval(null) instanceof UTF8String text
                && CLOCK.matcher(text.toString()).matches()) {
            return Optional.of(OF_THE_CLOCK);
        }
        // Of a qualified name, as system.builtin.rand, the last part is the function's.
        String name = expression instanceof UnresolvedFunction function
                ? function.nameParts().last()
                : expression.prettyName();
        if (DENIED.contains(name.toLowerCase(Locale.ROOT)) || (expression.resolved() && !expression.deterministic())) {
            return Optional.of(
                    "calls %s: an answer must be the same on every machine and day, from what stands in the row alone"
                            .formatted(name));
        }
        List<Expression> children = CollectionConverters.asJava(expression.children());
        return children.stream().flatMap(child -> forbidden(child).stream()).findFirst();
    }
}
