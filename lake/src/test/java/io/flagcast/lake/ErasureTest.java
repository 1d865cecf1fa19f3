package io.flagcast.lake;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedSpark.class)
class ErasureTest {

    private static List<String> without(String userId, Table table, Dataset<Row> rows) {
        return new Erasure(userId)
                .without(table, rows).toJSON().collectAsList().stream().sorted().toList();
    }

    @Test
    void rowsOfTheUserGoAndNobodyElses(SparkSession spark) {
        Dataset<Row> scores = spark.sql("SELECT explode(array('u1', 'u12', 'U1')) AS user_id, 5 AS score");
        assertThat(without("u1", Tables.RESPONSIVENESS_SCORES, scores))
                .containsExactly("{\"user_id\":\"U1\",\"score\":5}", "{\"user_id\":\"u12\",\"score\":5}");
    }

    @Test
    void rejectedRowsThatNameTheUserGo(SparkSession spark) {
        Dataset<Row> rejected =
                spark.sql("SELECT * FROM VALUES ('a', '{\"id\":\"u1\"}'), ('b', '{\"id\":\"u12\",\"x\":1}'),"
                        + " ('c', '{\"id\":\"u-1\"}'), ('d', NULL), ('user u1 appears twice', '{}') AS t(reason, row)");
        assertThat(without("u1", Tables.QUARANTINE, rejected)).hasSize(3).noneMatch(row -> row.contains("u1\\\""));
        assertThat(without("u-1", Tables.QUARANTINE, rejected)).hasSize(4);
        assertThat(without(
                        "a\"b",
                        Tables.QUARANTINE,
                        spark.sql("SELECT 'r' AS reason, to_json(struct('a\"b' AS id)) AS row")))
                .isEmpty();
    }

    @Test
    void sentencesLoseTheIdWhateverTheyStandIn(SparkSession spark) {
        Dataset<Row> findings =
                spark.sql("SELECT reason, array(named_struct('name', reason, 'n', 3L, 'observed', 0.5D)) AS detail"
                        + " FROM VALUES ('known are u1, u12'), ('all is well') AS t(reason)");
        assertThat(without("u1", Tables.HEALTH_CHECKS, findings))
                .containsExactly(
                        "{\"reason\":\"all is well\",\"detail\":[{\"name\":\"all is well\",\"n\":3,\"observed\":0.5}]}",
                        "{\"reason\":\"known are (erased), u12\",\"detail\":[{\"name\":\"known are (erased), u12\",\"n\":3,\"observed\":0.5}]}");
        Dataset<Row> alerts = spark.sql("SELECT map('summary', 'user u1 has 900 rows') AS annotations");
        assertThat(without("u1", Tables.ALERTS, alerts))
                .containsExactly("{\"annotations\":{\"summary\":\"user (erased) has 900 rows\"}}");
        assertThat(alerts.where(new Erasure("u1").names(Tables.ALERTS)).count()).isEqualTo(1);
        assertThat(alerts.where(new Erasure("u").names(Tables.ALERTS)).count()).isZero();
    }
}
