package io.flagcast.jobs.decision;

import static org.apache.spark.sql.functions.col;

import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Decision.Reason;
import io.flagcast.allocation.Policy;
import io.flagcast.allocation.ramp.Level;
import io.flagcast.jobs.run.Rollout;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.tables.Tables;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;

/** Whether users without a score are given less than before: a lower {@code unscored} takes the feature from some of them. */
public final class UnscoredUsers {

    private UnscoredUsers() {}

    /** A sentence for every experiment that gives them less than a publication does. */
    public static List<String> shed(Lake lake, Optional<Publication> published, List<Rollout> rollouts) {
        List<Row> before = lake.published(Tables.EXPERIMENTS, published).collectAsList();
        return rollouts.stream()
                .filter(rollout -> rollout.allocator().activity() == Activity.ACTIVE)
                // Its users without a score get what everybody is shown to be worth, whatever is written.
                .filter(rollout -> !(rollout.experiment().allocation() instanceof Policy.Best))
                .flatMap(rollout -> before.stream()
                        .filter(row -> row.getAs("experiment_id").equals(rollout.experimentId())
                                && row.getAs("activity").equals("active")
                                && row.<Double>getAs("unscored")
                                        > rollout.allocator().unscored())
                        .flatMap(row -> sentence(lake, published, rollout, row.getAs("unscored"))))
                .toList();
    }

    private static Stream<String> sentence(Lake lake, Optional<Publication> published, Rollout rollout, double before) {
        long users = lake.published(Tables.ALLOCATIONS, published)
                .where(col("experiment_id")
                        .equalTo(rollout.experimentId())
                        .and(col("reason").equalTo(Reason.UNSCORED.label())))
                .count();
        return users == 0
                ? Stream.empty()
                : Stream.of(
                        "%s: unscored is %s and was %s in publication %d: %,d users have no score, and some of them lose the feature; write unscored: %s to keep it"
                                .formatted(
                                        rollout.experimentId(),
                                        Level.ofPercentage(rollout.allocator().unscored()),
                                        Level.ofPercentage(before),
                                        published.orElseThrow().sequence(),
                                        users,
                                        Level.ofPercentage(before).toString().replace(" ", "")));
    }
}
