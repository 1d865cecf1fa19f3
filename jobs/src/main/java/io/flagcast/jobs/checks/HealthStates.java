package io.flagcast.jobs.checks;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.struct;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Small aggregates by name, as they have been collected.
 *
 * @param rows per name the rows of an aggregate
 */
record HealthStates(Map<String, List<Row>> rows) {

    HealthStates {
        rows = Map.copyOf(rows);
    }

    /** Collects aggregates, which may have any columns, in one Spark job. */
    static HealthStates collect(Map<String, Dataset<Row>> aggregates) {
        Map<String, List<Row>> rows = new HashMap<>();
        aggregates.keySet().forEach(name -> rows.put(name, new ArrayList<>()));
        aggregates.entrySet().stream()
                .map(aggregate -> aggregate.getValue().select(struct(col("*")).as(aggregate.getKey())))
                .reduce((one, other) -> one.unionByName(other, true))
                .ifPresent(all -> {
                    String[] names = all.columns();
                    for (Row row : all.collectAsList()) {
                        for (int i = 0; i < names.length; i++) {
                            if (!row.isNullAt(i)) {
                                rows.get(names[i]).add(row.getStruct(i));
                            }
                        }
                    }
                });
        return new HealthStates(rows);
    }

    /** These and others, of other names. */
    HealthStates with(HealthStates others) {
        Map<String, List<Row>> all = new HashMap<>(rows);
        all.putAll(others.rows);
        return new HealthStates(all);
    }

    /** All rows of an aggregate; none where it was not collected. */
    List<Row> of(String name) {
        return rows.getOrDefault(name, List.of());
    }

    /** The rows of an aggregate that are an experiment's. */
    Stream<Row> of(String name, String experimentId) {
        return of(name).stream()
                .filter(row -> row.<String>getAs("experiment_id").equals(experimentId));
    }
}
