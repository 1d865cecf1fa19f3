package io.flagcast.report;

import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Row;

/**
 * Where on the page an experiment is.
 *
 * @param ids id of the section of each experiment
 */
record SectionIds(Map<String, String> ids) {

    SectionIds {
        ids = Map.copyOf(ids);
    }

    /** Absent for what is about no experiment of the page. */
    Optional<String> of(String experimentId) {
        return Optional.ofNullable(ids.get(experimentId));
    }

    /** Of a row about an experiment. */
    Optional<String> of(Row row) {
        return of(row.<String>getAs("experiment_id"));
    }
}
