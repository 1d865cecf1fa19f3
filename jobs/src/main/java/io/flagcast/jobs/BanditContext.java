package io.flagcast.jobs;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;
import static org.apache.spark.sql.functions.when;

import io.flagcast.allocation.Cell;
import io.flagcast.allocation.Policy;
import io.flagcast.experiments.Experiment;
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
final class BanditContext {

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
    static Column of(Experiment experiment, StructType profiles) {
        List<String> columns = columns(experiment);
        for (String name : columns) {
            if (!Arrays.asList(profiles.fieldNames()).contains(name)) {
                throw new Refusal(
                        ExitCode.CONFIGURATION,
                        "%s: context names '%s', which is no column of the profile, which has %s"
                                .formatted(experiment.file(), name, String.join(", ", profiles.fieldNames())));
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
    static void requireFewCells(List<Experiment> experiments, Dataset<Row> profiles) {
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

    /** Exposures with the column {@code context}; a user without a profile has no value of any column. */
    static Dataset<Row> join(Dataset<Row> exposures, Dataset<Row> profiles, List<Experiment> experiments) {
        List<Experiment> with = experiments.stream()
                .filter(experiment -> !columns(experiment).isEmpty())
                .toList();
        if (with.isEmpty()) {
            return exposures.withColumn("context", lit(""));
        }
        Column context = lit("");
        Column[] own = new Column[with.size() + 1];
        own[0] = col("user_id");
        for (int i = 0; i < own.length - 1; i++) {
            own[i + 1] = of(with.get(i), profiles.schema()).as("_context" + i);
            context = when(
                            col("experiment_id").equalTo(with.get(i).experimentId()),
                            coalesce(col("_context" + i), lit("{}")))
                    .otherwise(context);
        }
        Dataset<Row> joined = exposures.join(profiles.select(own), new String[] {"user_id"}, "left");
        Dataset<Row> known = joined.withColumn("context", context);
        for (int i = 0; i < with.size(); i++) {
            known = known.drop("_context" + i);
        }
        return known;
    }
}
