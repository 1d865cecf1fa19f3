package io.flagcast.jobs.decision;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.when;

import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.NetValue;
import io.flagcast.experiments.NetValue.Cost;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import java.util.Arrays;
import java.util.Optional;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructType;

/** What users gain and cost, where an experiment says what both are worth. */
public final class NetColumns {

    private NetColumns() {}

    /**
     * What enabling the user of a profile costs; NULL where the profile does not say, or a number below 0, endless or none.
     *
     * @param profiles columns of the profiles
     * @throws Refusal where the column is not there, or is no number
     */
    public static Column cost(Experiment experiment, NetValue value, StructType profiles) {
        if (value.cost() instanceof Cost.Constant constant) {
            return lit(constant.perUser());
        }
        String name = ((Cost.Column) value.cost()).column();
        if (!Arrays.asList(profiles.fieldNames()).contains(name)) {
            throw new Refusal(
                    ExitCode.CONFIGURATION,
                    "%s: cost names '%s', which is no column of the profile, which has %s"
                            .formatted(experiment.file(), name, String.join(", ", profiles.fieldNames())));
        }
        if (!(profiles.apply(name).dataType() instanceof NumericType)) {
            throw new Refusal(
                    ExitCode.CONFIGURATION,
                    "%s: cost names '%s', which is %s: a cost is a number. Declare it as one, as flagcast.sources.users.schema = \"%s DOUBLE\""
                            .formatted(
                                    experiment.file(),
                                    name,
                                    profiles.apply(name).dataType().sql(),
                                    name));
        }
        Column cost = col("`" + name + "`").cast("double");
        return when(not(cost.isNaN()).and(cost.geq(0)).and(cost.lt(Double.POSITIVE_INFINITY)), cost);
    }

    /**
     * How many users cannot be decided about, since what enabling them costs is unknown, and why: a sentence. Absent where there
     * is none.
     */
    public static Optional<String> unknown(Experiment experiment, Dataset<Row> profiles) {
        Optional<NetValue> value = experiment.value().filter(known -> known.cost() instanceof Cost.Column);
        if (value.isEmpty()) {
            return Optional.empty();
        }
        String name = ((Cost.Column) value.get().cost()).column();
        Column given = col("`" + name + "`").cast("double");
        Row counts = profiles.agg(
                        count(lit(1)),
                        count_if(
                                cost(experiment, value.get(), profiles.schema()).isNull()),
                        count_if(given.isNull()),
                        count_if(given.lt(0)))
                .head();
        long unknown = counts.getLong(1);
        return unknown == 0
                ? Optional.empty()
                : Optional.of(
                        ("%s: of %,d users %,d are not eligible, what enabling them costs (%s) is not known: of %,d it is absent, of"
                                        + " %,d below 0, of %,d no finite number")
                                .formatted(
                                        experiment.experimentId(),
                                        counts.getLong(0),
                                        unknown,
                                        name,
                                        counts.getLong(2),
                                        counts.getLong(3),
                                        unknown - counts.getLong(2) - counts.getLong(3)));
    }
}
