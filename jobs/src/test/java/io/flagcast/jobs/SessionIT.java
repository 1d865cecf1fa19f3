package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.lake.Session;
import java.nio.file.Path;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

/** A command within a Spark that runs already, as in a notebook. */
class SessionIT {

    @Test
    void aCommandLeavesARunningSparkAsItFoundIt() {
        SparkSession found = SparkSession.active().newSession();
        SparkSession before = SparkSession.active();
        SparkSession.setActiveSession(found);
        found.conf().set("spark.sql.session.timeZone", "Asia/Kathmandu");
        found.sql("SELECT 1 AS mine").createOrReplaceTempView("mine");
        try (Session session = Session.open(Path.of("target"))) {
            assertThat(session.spark().sparkContext()).isSameAs(found.sparkContext());
            assertThat(SparkSession.active()).isSameAs(session.spark());
            assertThat(session.spark().conf().get("spark.sql.session.timeZone")).isEqualTo("UTC");
            assertThat(session.spark().catalog().tableExists("mine")).isFalse();
            session.spark().sql("SELECT 2 AS its").createOrReplaceTempView("its");
            assertThat(session.spark().catalog().tableExists("its")).isTrue();
        }

        assertThat(SparkSession.active()).isSameAs(found);
        assertThat(found.sparkContext().isStopped()).isFalse();
        assertThat(found.conf().get("spark.sql.session.timeZone")).isEqualTo("Asia/Kathmandu");
        assertThat(found.catalog().tableExists("its")).isFalse();
        SparkSession.setActiveSession(before);
    }
}
