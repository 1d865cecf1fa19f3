package io.flagcast.jobs.commands;

import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.FormatOption;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.printing.RowSheet;
import io.flagcast.jobs.questions.MistakenQuery;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.LakeFunctions;
import io.flagcast.lake.LakeViews;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Session;
import io.flagcast.tables.Tables;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "sql",
        mixinStandardHelpOptions = true,
        description = "Spark SQL over the tables of the live publication by their names, and over all runs as"
                + " history.<table>. SHOW TABLES and DESCRIBE <table> say what there is, docs/tables.md what it means, with"
                + " twenty queries. predict_responsiveness(user_id, feature_id) and allocate_feature(user_id, experiment_id)"
                + " answer as the serving client does. Only the result goes to standard output. It reads: a query that would change"
                + " something, or is wrong, ends with 64 and its place.")
final class SqlCommand implements Callable<Integer> {

    private final Surroundings surroundings;

    @Parameters(paramLabel = "QUERY", description = "As \"SELECT reason, count(*) FROM allocations GROUP BY 1\".")
    private String query;

    @Mixin
    private FormatOption format = new FormatOption();

    @Mixin
    private ConfigurationOptions configuration;

    SqlCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        String root = configuration.lake().root();
        try (Session session = surroundings.session()) {
            Lake lake = new Lake(session.spark(), root);
            if (!lake.exists(Tables.RUNS)) {
                throw new Refusal(
                        ExitCode.NO_INPUT,
                        "flagcast.lake.root %s: there is no lake; correct it or run flagcast run first"
                                .formatted(root));
            }
            LakeViews.register(lake, query);
            LakeFunctions.register(lake, query);
            print(session.spark());
        }
        return ExitCode.DONE.code();
    }

    private void print(SparkSession spark) {
        try {
            MistakenQuery.requireReading(spark, query);
            Dataset<Row> rows = spark.sql(query);
            format.printer().print(RowSheet.of(rows.schema()), rows.toLocalIterator());
        } catch (Exception | StackOverflowError e) {
            // Spark declares no checked exceptions in Java, yet throws some of them.
            Optional<Refusal> mistake = MistakenQuery.of(e, query);
            if (mistake.isPresent()) {
                throw mistake.get();
            }
            throw e;
        }
    }
}
