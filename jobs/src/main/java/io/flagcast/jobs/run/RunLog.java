package io.flagcast.jobs.run;

import io.flagcast.lake.Lake;
import io.flagcast.tables.Tables;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** What the stages of one run did; written to {@code runs} in one append when the command ends, well or badly. */
public final class RunLog {

    private final Run run;
    private final List<Row> rows = new ArrayList<>();

    public RunLog(Run run) {
        this.run = run;
    }

    public void done(String stage, Instant started, Duration took, StageResult result) {
        add(stage, "done", started, took, result, run.inputs().versions(), null);
    }

    public void failed(String stage, Instant started, Duration took, Exception error) {
        StageResult nothing = new StageResult(0, 0, 0, Map.of(), "");
        add(stage, "failed", started, took, nothing, Map.of(), String.valueOf(error.getMessage()));
    }

    private void add(
            String stage,
            String state,
            Instant started,
            Duration took,
            StageResult result,
            Map<String, String> inputVersions,
            String exitReason) {
        rows.add(RowFactory.create(
                run.id().toString(),
                run.asOf(),
                stage,
                state,
                started,
                took.toMillis() / 1000.0,
                result.rowsIn(),
                result.rowsOut(),
                result.rowsQuarantined(),
                new HashMap<>(result.detail()),
                new HashMap<>(inputVersions),
                run.configHash(),
                exitReason));
    }

    public void write() {
        run.lake().append(Tables.RUNS, rows);
        rows.clear();
    }

    /** Stages of a run that an earlier command has done. */
    public static Set<String> done(Lake lake, String runId) {
        return lake
                .history(Tables.RUNS)
                .where("state = 'done'")
                .where("run_id = '" + runId + "'")
                .collectAsList()
                .stream()
                .map(row -> row.<String>getAs("stage"))
                .collect(Collectors.toSet());
    }
}
