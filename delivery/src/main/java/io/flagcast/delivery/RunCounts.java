package io.flagcast.delivery;

import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;

import io.flagcast.lake.Lake;
import io.flagcast.tables.Tables;
import java.util.List;

/**
 * What a stage did in all runs of a lake so far, as table {@code runs} has it: numbers that only grow.
 *
 * @param stage as {@code train}; {@code run} is an attempt as a whole
 * @param state how often it ended so, as {@code done} or {@code failed}
 * @param times so often
 * @param seconds that it took
 * @param rowsIn rows read
 * @param rowsOut rows written
 * @param rowsQuarantined input rows rejected
 */
record RunCounts(
        String stage, String state, long times, double seconds, long rowsIn, long rowsOut, long rowsQuarantined) {

    /** In the order of stages and states. */
    static List<RunCounts> of(Lake lake) {
        return lake
                .history(Tables.RUNS)
                .groupBy("stage", "state")
                .agg(
                        count(lit(1)).as("times"),
                        sum("seconds").as("seconds"),
                        sum("rows_in").as("rows_in"),
                        sum("rows_out").as("rows_out"),
                        sum("rows_quarantined").as("rows_quarantined"))
                .orderBy("stage", "state")
                .collectAsList()
                .stream()
                .map(row -> new RunCounts(
                        row.getAs("stage"),
                        row.getAs("state"),
                        row.getAs("times"),
                        row.getAs("seconds"),
                        row.getAs("rows_in"),
                        row.getAs("rows_out"),
                        row.getAs("rows_quarantined")))
                .toList();
    }
}
