package io.flagcast.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.flagcast.lake.Json;
import io.flagcast.lake.Publication;
import io.flagcast.rules.Action.Alert.Severity;
import io.flagcast.rules.alerts.AlertChange;
import io.flagcast.rules.alerts.Labels;
import io.flagcast.rules.alerts.Watch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every kind of receiver is told, as it is documented by those who make it. */
class ReceiverTest {

    private static final Instant NOW = Instant.parse("2026-03-07T06:00:00Z");
    private static final Set<Severity> ALL = Set.of(Severity.values());
    private static final Address ADDRESS = Address.of("https://hooks.example/T0/secret");
    private static final AlertChange FIRED = Told.firing(
            Told.labels("rollout", "ratio", "critical"),
            Told.START,
            Map.of(Watch.REASON, "5 % < 6 % & more", Watch.RUNBOOK, "https://wiki.example/ratio"));

    private static Message message(AlertChange... changes) {
        return new Message("rollout", List.of(changes), Told.START);
    }

    private static JsonNode body(Receiver.Posted receiver, Message message) {
        return Json.tree(receiver.body(message, NOW), "a body");
    }

    @Test
    void alertmanagerIsToldAStartThatNeverMovesAndAnEndAhead() {
        Receiver.Alertmanager receiver =
                new Receiver.Alertmanager("am", ALL, Address.of("http://am:9093/prefix/"), Duration.ofDays(2));
        assertThat(receiver.endpoint().uri()).hasToString("http://am:9093/prefix/api/v2/alerts");

        JsonNode alert = body(receiver, message(FIRED)).get(0);
        assertThat(alert.at("/labels/alertname").asText()).isEqualTo("ratio");
        assertThat(alert.at("/annotations/reason").asText()).isEqualTo("5 % < 6 % & more");
        assertThat(alert.get("startsAt").asText()).isEqualTo("2026-03-07T00:00:00Z");
        assertThat(alert.get("endsAt").asText()).isEqualTo("2026-03-09T06:00:00Z");

        JsonNode over = body(receiver, message(FIRED, Told.resolved(FIRED, NOW)));
        assertThat(over).hasSize(1);
        assertThat(over.get(0).get("startsAt").asText()).isEqualTo("2026-03-07T00:00:00Z");
        assertThat(over.get(0).get("endsAt").asText()).isEqualTo("2026-03-07T06:00:00Z");
    }

    @Test
    void slackGetsOneTextWithConsequencesBelowTheirCause() {
        AlertChange consequence = Told.firing(
                Told.labels("rollout", "simpson", "warning"),
                Told.START,
                Map.of(Watch.CONSEQUENCE_OF, FIRED.labels().title()));
        String text = body(new Receiver.Slack("team", ALL, ADDRESS), message(consequence, FIRED))
                .get("text")
                .asText();

        assertThat(text.lines())
                .containsExactly(
                        "*rollout: 2 alerts fire*",
                        ":red_circle: *ratio in high* (critical, since 2026-03-07T00:00:00Z): 5 % &lt; 6 % &amp; more"
                                + " <https://wiki.example/ratio|runbook>",
                        "      ↳ probably its consequence: simpson in high");
    }

    private static AlertChange stopped(int inhibited) {
        return Told.firing(
                Labels.of(Map.of("alertname", "freshness", "subject", "outcome", "severity", "warning")),
                Told.START,
                Map.of(
                        Watch.REASON,
                        "stale data",
                        Watch.TOUCHES,
                        "rollout: conversion_rate, revenue\nsearch: clicks",
                        Watch.INHIBITS,
                        IntStream.range(0, inhibited)
                                .mapToObj(i -> "rollout: simpson of m" + i)
                                .collect(Collectors.joining("\n"))));
    }

    @Test
    void belowAFeedThatStoppedStandsWhatItTouchesAndHowManyAlertsItStandsFor() {
        Message message = new Message("", List.of(stopped(5)), Told.START);
        List<String> beneath = List.of(
                "touches rollout: conversion_rate, revenue",
                "touches search: clicks",
                "tells of 5 more failed checks: rollout: simpson of m0; rollout: simpson of m1; rollout: simpson of m2; …");

        assertThat(Receiver.Log.lines(message))
                .containsExactly(
                        "alert: inputs and pipeline: 1 alert fires",
                        "  freshness of outcome (warning, since 2026-03-07T00:00:00Z): stale data",
                        "    " + beneath.get(0),
                        "    " + beneath.get(1),
                        "    " + beneath.get(2));
        assertThat(body(new Receiver.Slack("team", ALL, ADDRESS), message)
                        .get("text")
                        .asText()
                        .lines())
                .endsWith(beneath.stream().map("      ↳ "::concat).toArray(String[]::new));
        assertThat(body(new Receiver.Webhook("web", ALL, ADDRESS), message)
                        .at("/alerts/0/annotations/touches")
                        .asText())
                .isEqualTo("rollout: conversion_rate, revenue\nsearch: clicks");
        assertThat(Message.beneath(stopped(1)))
                .last()
                .isEqualTo("tells of 1 more failed check: rollout: simpson of m0");
        assertThat(Message.beneath(Told.resolved(stopped(1), NOW))).isEmpty();
    }

    @Test
    void prometheusSeesWhomAStoppedFeedTouches() {
        Publication live = new Publication(7, "r", Told.START, Publication.Kind.PUBLISH, NOW, Map.of(), "hash");
        assertThat(new Exposition(List.of(stopped(1)), Optional.of(live), List.of())
                        .text()
                        .lines()
                        .filter(line -> !line.startsWith("#")))
                .endsWith(
                        "flagcast_alert_firing{alertname=\"freshness\",severity=\"warning\",subject=\"outcome\"} 1",
                        "flagcast_alert_touches{alertname=\"freshness\",severity=\"warning\",subject=\"outcome\",touched_experiment=\"rollout\"} 1",
                        "flagcast_alert_touches{alertname=\"freshness\",severity=\"warning\",subject=\"outcome\",touched_experiment=\"search\"} 1");
    }

    @Test
    void whatIsOverByNowIsNotSaidToFire() {
        AlertChange over = Told.resolved(FIRED, NOW);
        assertThat(body(new Receiver.Slack("team", ALL, ADDRESS), message(FIRED, over))
                        .get("text")
                        .asText()
                        .lines())
                .containsExactly(
                        "*rollout: 1 is resolved*",
                        ":white_check_mark: *ratio in high* (resolved, since 2026-03-07T00:00:00Z): 6 % is not below 5"
                                + " %");
    }

    @Test
    void aFloodIsCounted() {
        AlertChange[] flood = IntStream.range(0, 50)
                .mapToObj(i -> Told.firing(Told.labels("rollout", "alert" + i, "info")))
                .toArray(AlertChange[]::new);
        assertThat(body(new Receiver.Slack("team", ALL, ADDRESS), message(flood))
                        .get("text")
                        .asText()
                        .lines())
                .hasSize(22)
                .contains("… and 30 more: flagcast alerts list");
    }

    @Test
    void aWebhookHasTheDocumentedPayloadAndAKeyOfWhatItTells() {
        Receiver.Webhook receiver = new Receiver.Webhook("web", ALL, ADDRESS);
        JsonNode body = body(receiver, message(FIRED));

        assertThat(body.properties().stream().map(Map.Entry::getKey))
                .containsExactly("version", "experiment_id", "as_of", "headline", "alerts");
        assertThat(body.at("/alerts/0").properties().stream().map(Map.Entry::getKey))
                .containsExactly("fingerprint", "state", "labels", "annotations", "starts_at", "ends_at");
        assertThat(body.at("/alerts/0/fingerprint").asText())
                .isEqualTo(FIRED.labels().fingerprint());
        assertThat(body.at("/alerts/0/ends_at").isNull()).isTrue();

        AlertChange other = Told.firing(Told.labels("rollout", "another", "info"));
        String key = receiver.headers(message(FIRED, other)).get("Idempotency-Key");
        assertThat(receiver.headers(new Message("rollout", List.of(other, FIRED), NOW)))
                .as("the same whatever the order and the run")
                .containsEntry("Idempotency-Key", key);
        assertThat(Stream.of(message(FIRED), message(FIRED, Told.resolved(other, NOW)))
                        .map(message -> receiver.headers(message).get("Idempotency-Key")))
                .doesNotContain(key);
    }

    @Test
    void noTextShowsASecretAddress() {
        assertThat(new Receiver.Slack("team", ALL, ADDRESS).toString())
                .contains("https://hooks.example/…")
                .doesNotContain("secret");
        assertThatThrownBy(() -> Address.of("https://hooks.example/a secret"))
                .hasMessage("it must be an address, as https://host/path")
                .hasNoCause();
        assertThatThrownBy(() -> Address.of("file:///etc/passwd")).hasMessageContaining("it must be an address");
    }

    @Test
    void prometheusSeesWhatFiresAndWhenThePipelineLastRan(@TempDir Path folder) throws IOException {
        AlertChange odd = Told.firing(
                Labels.of(Map.of("alertname", "a \"quoted\" \\ name", "experiment_id", "e", "severity", "info")));
        Publication live = new Publication(
                7,
                "r",
                Told.START,
                Publication.Kind.PUBLISH,
                NOW,
                Map.of("allocations", new Publication.LiveSlice("r", 1200)),
                "hash");
        RunCounts train = new RunCounts("train", "done", 3, 12.5, 900, 2, 0);
        Path file = folder.resolve("metrics/flagcast.prom");

        new Exposition(List.of(odd), Optional.of(live), List.of(train)).write(file);
        assertThat(Files.readString(file)).isEqualTo("""
                        # HELP flagcast_publication_as_of_timestamp_seconds Instant up to which the newest publication looked.
                        # TYPE flagcast_publication_as_of_timestamp_seconds gauge
                        flagcast_publication_as_of_timestamp_seconds 1772841600
                        # HELP flagcast_publication_timestamp_seconds When the newest publication was made.
                        # TYPE flagcast_publication_timestamp_seconds gauge
                        flagcast_publication_timestamp_seconds 1772863200
                        # HELP flagcast_publications_total Publications of the lake.
                        # TYPE flagcast_publications_total counter
                        flagcast_publications_total 7
                        # HELP flagcast_alert_firing 1 for every alert that fires and that nobody has acknowledged or silenced.
                        # TYPE flagcast_alert_firing gauge
                        flagcast_alert_firing{alertname="a \\"quoted\\" \\\\ name",experiment_id="e",severity="info"} 1
                        # HELP flagcast_alert_touches 1 for every experiment that needs the feed of a firing alert.
                        # TYPE flagcast_alert_touches gauge
                        # HELP flagcast_live_rows Rows of every table of the newest publication.
                        # TYPE flagcast_live_rows gauge
                        flagcast_live_rows{table="allocations"} 1200
                        # HELP flagcast_stage_total How often a stage ended in a state; stage run is an attempt as a whole.
                        # TYPE flagcast_stage_total counter
                        flagcast_stage_total{stage="train",state="done"} 3
                        # HELP flagcast_stage_seconds_total Seconds that stages took.
                        # TYPE flagcast_stage_seconds_total counter
                        flagcast_stage_seconds_total{stage="train",state="done"} 12.5
                        # HELP flagcast_stage_rows_total Rows that stages read, wrote and rejected.
                        # TYPE flagcast_stage_rows_total counter
                        flagcast_stage_rows_total{rows="in",stage="train",state="done"} 900
                        flagcast_stage_rows_total{rows="out",stage="train",state="done"} 2
                        flagcast_stage_rows_total{rows="quarantined",stage="train",state="done"} 0
                        """);
        new Exposition(List.of(), Optional.of(live), List.of()).write(file);
        assertThat(Files.readString(file)).doesNotContain("flagcast_alert_firing{");
        try (Stream<Path> files = Files.list(file.getParent())) {
            assertThat(files).as("nothing is left beside it").containsExactly(file);
        }
        assertThatThrownBy(() -> new Receiver.Textfile("t", ALL, folder.resolve("flagcast.txt")))
                .hasMessageContaining("node exporter reads files *.prom only");
    }
}
