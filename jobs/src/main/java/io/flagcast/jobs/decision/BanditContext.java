package io.flagcast.jobs.decision;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;
import static org.apache.spark.sql.functions.when;

import io.flagcast.allocation.Cell;
import io.flagcast.allocation.Policy;
import io.flagcast.experiments.Experiment;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.tables.Ids;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructType;

/** Users' values of the columns by which a bandit splits segments into cells, as {@link Cell#context} has them. */
public final class BanditContext {

    /** The cell of everybody in a segment whose users differ in no column. */
    private static final Column NONE = lit("{}");

    private BanditContext() {}

    private static List<String> columns(Experiment experiment) {
        return experiment.allocation() instanceof Policy.Bandit bandit ? bandit.context() : List.of();
    }

    /**
     * The context of a profile in an experiment; empty where the experiment has none.
     *
     * @param profiles columns of the profiles
     * @throws Refusal where a column is not there, or is no text
     */
    public static Column of(Experiment experiment, StructType profiles) {
        List<String> columns = columns(experiment);
        for (String name : columns) {
            if (!Arrays.asList(profiles.fieldNames()).contains(name)) {
                throw new Refusal(
                        ExitCode.CONFIGURATION,
                        "%s: context names '%s', which is no column of the profile, which has %s"
                                .formatted(experiment.file(), name, Ids.few(List.of(profiles.fieldNames()))));
            }
            if (!(profiles.apply(name).dataType() instanceof StringType)) {
                throw new Refusal(
                        ExitCode.CONFIGURATION,
                        "%s: context names '%s', which is %s: a bandit's context is categorical (STRING)"
                                .formatted(
                                        experiment.file(),
                                        name,
                                        profiles.apply(name).dataType().sql()));
            }
        }
        return columns.isEmpty()
                ? lit("")
                : to_json(
                        struct(columns.stream().map(functions::col).toArray(Column[]::new)),
                        Map.of("ignoreNullFields", "true"));
    }

    /**
     * Counts the cells of every bandit that has a context.
     *
     * @throws Refusal where there are more than {@link Policy.Bandit#MOST_CELLS}
     */
    public static void requireFewCells(List<Experiment> experiments, Dataset<Row> profiles) {
        for (Experiment experiment : experiments) {
            if (columns(experiment).isEmpty()) {
                continue;
            }
            long contexts = profiles.select(of(experiment, profiles.schema()))
                    .distinct()
                    .count();
            long cells = contexts * experiment.segments().names().size();
            if (cells > Policy.Bandit.MOST_CELLS) {
                throw new Refusal(
                        ExitCode.CONFIGURATION,
                        "%s: context %s has %,d values in %d segments, %,d cells of at most %d: name columns with fewer values"
                                .formatted(
                                        experiment.file(),
                                        columns(experiment),
                                        contexts,
                                        experiment.segments().names().size(),
                                        cells,
                                        Policy.Bandit.MOST_CELLS));
            }
        }
    }

    public static boolean hasBandit(Experiment experiment) {
        return experiment.allocation() instanceof Policy.Bandit;
    }

    /**
     * The cell that a bandit learns of a user in.
     *
     * @param context the user's, as {@link #of} gives it; NULL for a user without a profile, who has no value of any column
     */
    public static Column cell(Column context) {
        return when(context.equalTo(""), NONE).otherwise(coalesce(context, NONE));
    }
}
