package io.flagcast.report;

import io.flagcast.allocation.Cell;
import io.flagcast.lake.Lake;
import io.flagcast.report.page.Format;
import io.flagcast.report.page.ReportData.Item;
import io.flagcast.report.page.ReportData.Tone;
import io.flagcast.report.page.ReportData.Topic;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;

/** What has changed since the publication before: allocations, who is enabled, models. */
final class ChangeTopic {

    private ChangeTopic() {}

    static Topic of(Snapshot snapshot, SectionIds sections) {
        Instant since = snapshot.before().map(before -> before.asOf()).orElse(Instant.MIN);
        List<Item> items = new ArrayList<>();
        items.addAll(allocations(snapshot, sections, since));
        items.addAll(enabledUsers(snapshot, sections));
        items.addAll(models(snapshot, since));
        return new Topic(
                "Changed", items, "No rule, bandit or person has changed an allocation since the publication before.");
    }

    /** One line per decision, whatever it moved. */
    private static List<Item> allocations(Snapshot snapshot, SectionIds sections, Instant since) {
        List<Item> items = new ArrayList<>();
        Map<String, List<String>> moves = new LinkedHashMap<>();
        Map<String, Row> decisions = new LinkedHashMap<>();
        snapshot.changesWithWhatWasBefore().forEach((change, before) -> {
            if (Lake.instant(change, "effective_as_of").isAfter(since)) {
                String decision = change.getAs("experiment_id") + " " + change.getAs("decision_id");
                move(change, before).ifPresent(move -> {
                    decisions.putIfAbsent(decision, change);
                    moves.computeIfAbsent(decision, id -> new ArrayList<>()).add(move);
                });
            }
        });
        decisions.forEach((decision, change) -> {
            List<String> all = moves.get(decision);
            String shown = all.stream().limit(4).collect(Collectors.joining(", "));
            items.add(new Item(
                    Tone.PLAIN,
                    change.getAs("experiment_id"),
                    "%s, by %s%s"
                            .formatted(
                                    shown + (all.size() > 4 ? " and %,d more".formatted(all.size() - 4) : ""),
                                    change.<String>getAs("cause"),
                                    change.getAs("rule_id") == null ? "" : " " + change.<String>getAs("rule_id")),
                    sections.of(change)));
        });
        return items;
    }

    /** Absent where it moves nothing that can be seen. */
    private static Optional<String> move(Row change, Optional<Row> before) {
        Cell cell = new Cell(change.getAs("segment"), change.getAs("cell"));
        Double probability = change.getAs("base_probability");
        Integer tier = change.getAs("active_tier");
        String activity = change.getAs("activity");
        String ramp = change.getAs("ramp_of");
        if (activity != null) {
            return Optional.of(activity.equals("inactive") ? "paused" : "resumed");
        }
        if (ramp != null) {
            return Optional.of("ramp → " + rampLevel(ramp, change.getAs("ramp_to")));
        }
        if (tier != null) {
            return Optional.of("active tier of %s is %s".formatted(cell, tier < 0 ? "the file's" : tier.toString()));
        }
        String was = probability == null
                ? Format.PERCENT.text(
                        before.map(row -> row.<Double>getAs("share")).orElse(1.0))
                : before.map(row -> row.<Double>getAs("base_probability"))
                        .or(() -> BanditGroup.before(change))
                        .map(Format.PERCENT::text)
                        .orElse("");
        String is = Format.PERCENT.text(probability == null ? change.<Double>getAs("share") : probability);
        return was.equals(is)
                ? Optional.empty()
                : Optional.of((probability == null ? "share of " : "") + cell + " " + was + (was.isEmpty() ? "" : " ")
                        + "→ " + is);
    }

    private static String rampLevel(String of, Double to) {
        return switch (of) {
            case "percentage" -> Format.PERCENT.text(to);
            case "tier" -> "tier " + Format.COUNT.text(to);
            default -> "its first step";
        };
    }

    /** How many users gained and lost on balance, where the slices of both publications are kept. */
    private static List<Item> enabledUsers(Snapshot snapshot, SectionIds sections) {
        Map<String, Long> now = enabled(snapshot.allocations());
        Map<String, Long> before = enabled(snapshot.allocationsBefore());
        List<Item> items = new ArrayList<>();
        now.forEach((experimentId, users) -> {
            Optional<Long> was = Optional.ofNullable(before.get(experimentId));
            if (was.isPresent() && !was.get().equals(users)) {
                items.add(new Item(
                        Tone.PLAIN,
                        experimentId,
                        "enables %s users, %s than before"
                                .formatted(
                                        Format.COUNT.text(users),
                                        users > was.get()
                                                ? Format.COUNT.text(users - was.get()) + " more"
                                                : Format.COUNT.text(was.get() - users) + " fewer"),
                        sections.of(experimentId)));
            }
        });
        return items;
    }

    private static Map<String, Long> enabled(List<Row> allocations) {
        Map<String, Long> enabled = new TreeMap<>();
        allocations.forEach(row -> enabled.merge(
                row.<String>getAs("experiment_id"),
                Math.round(row.<Long>getAs("users") * row.<Double>getAs("enabled")),
                Long::sum));
        return enabled;
    }

    private static List<Item> models(Snapshot snapshot, Instant since) {
        List<Item> items = new ArrayList<>();
        for (Row model : snapshot.models()) {
            Instant from = Lake.instant(model, "effective_as_of");
            if (model.getAs("status").equals("champion") && from.isAfter(since)) {
                boolean isUsed = snapshot.scores().stream()
                        .anyMatch(row -> model.getAs("model_id").equals(row.getAs("model_id")));
                items.add(new Item(
                        Tone.PLAIN,
                        model.getAs("feature_id"),
                        (isUsed ? "has a new model" : "was trained anew and shows no differences to score by")
                                + ", %s (%s), from %s examples"
                                        .formatted(
                                                model.<String>getAs("model_id"),
                                                model.<String>getAs("learner"),
                                                Format.COUNT.text(model.<Long>getAs("examples"))),
                        Optional.empty()));
            }
        }
        return items;
    }
}
