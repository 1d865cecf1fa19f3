package io.flagcast.experiments;

import io.flagcast.experiments.ConditionReader.When;
import io.flagcast.experiments.document.Mapping;
import io.flagcast.experiments.document.Reader;
import io.flagcast.experiments.document.Setting;
import io.flagcast.experiments.document.Times;
import io.flagcast.experiments.document.Value;
import io.flagcast.experiments.document.Words;
import io.flagcast.rules.Action.Alert.Severity;
import io.flagcast.rules.Rule.Evidence;
import io.flagcast.rules.alerts.Alert;
import io.flagcast.rules.alerts.Alert.OfCheck;
import io.flagcast.rules.alerts.Alert.OfMetric;
import io.flagcast.rules.alerts.Alert.Watched;
import io.flagcast.rules.checks.Check;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Reads the alerts of an experiment, each of a health check or of a condition on metrics. */
final class AlertReader {

    /** Checks of an experiment: the pipeline and its models are the lake's, and so are ids that are no user's. */
    private static final List<Check> CHECKS = Stream.of(Check.values())
            .filter(check -> check != Check.PIPELINE && check != Check.MODEL && check != Check.SENTINEL)
            .toList();

    /** Nothing that a message could take for the end of it. */
    private static final Pattern ADDRESS = Pattern.compile("https?://[^\\s/<>|\"][^\\s<>|\"]*");

    private final Reader<When> when;
    private final Reader<String> segment;
    private final Map<String, Integer> ruleLines;

    private final Map<String, Integer> lines = new LinkedHashMap<>();
    private final List<Alert> earlier = new ArrayList<>();

    /**
     * @param when reads a segment and a condition on its metrics
     * @param segment reads a declared segment, or all
     * @param ruleLines lines of the rules by their rule_id
     */
    AlertReader(Reader<When> when, Reader<String> segment, Map<String, Integer> ruleLines) {
        this.when = when;
        this.segment = segment;
        this.ruleLines = ruleLines;
    }

    Optional<Alert> read(Mapping alert) {
        Setting<String> name = alert.required("alert", this::newName);
        Setting<Optional<String>> description = alert.optional("description", Words::text);
        Optional<String> chosen = alert.requireExactlyOne("when", "check");
        Setting<Optional<Check>> check = alert.optional("check", Words.oneOf(CHECKS));
        Optional<Supplier<? extends Watched>> watched = Optional.empty();
        if (chosen.equals(Optional.of("check"))) {
            watched = Optional.of(ofCheck(alert, check));
        } else if (chosen.isPresent()) {
            watched = Optional.of(ofMetric(alert));
        } else {
            // What else is needed depends on the one that is missing or misspelt.
            Stream.of("segment", "subject", "evidence").forEach(key -> alert.optional(key, Optional::of));
        }
        Setting<Optional<Severity>> severity = alert.optional("severity", Words.oneOf(Severity.class));
        Setting<Duration> pendingFor = alert.or("for", Times::duration, Duration.ZERO);
        Setting<Duration> keepFiringFor = alert.or("keep_firing_for", Times::duration, Duration.ZERO);
        Setting<Map<String, String>> labels = alert.or("labels", Mapping.ofNames(label -> Words::name), Map.of());
        Setting<Optional<String>> runbook = alert.optional("runbook", AlertReader::address);
        Optional<Supplier<? extends Watched>> declared = watched;
        Optional<Alert> read = alert.build(() -> unlessCovered(new Alert(
                name.value(),
                description
                        .value()
                        .orElseGet(() -> described(declared.orElseThrow().get())),
                declared.orElseThrow().get(),
                severity.value()
                        .orElseGet(() -> check.value().map(Check::severity).orElse(Severity.WARNING)),
                pendingFor.value(),
                keepFiringFor.value(),
                labels.value(),
                runbook.value())));
        read.ifPresent(earlier::add);
        return read;
    }

    private Optional<String> newName(Value value) {
        return Words.name(value).flatMap(name -> {
            if (ruleLines.containsKey(name)) {
                return value.refuse("also the rule_id of the rule on line %d; give the alert a name of its own"
                        .formatted(ruleLines.get(name)));
            }
            Integer first = lines.putIfAbsent(name, value.line());
            return first == null
                    ? Optional.of(name)
                    : value.refuse("also declared on line %d; give every alert its own name".formatted(first));
        });
    }

    private Supplier<OfCheck> ofCheck(Mapping alert, Setting<Optional<Check>> check) {
        Setting<Optional<String>> of = alert.optional("segment", segment);
        Setting<Optional<String>> subject = alert.optional("subject", Words::name);
        alert.optional(
                "evidence", value -> value.refuse("a check knows itself how sure it is; it has no meaning; remove it"));
        return () -> new OfCheck(check.value().orElseThrow(), of.value(), subject.value());
    }

    private Supplier<OfMetric> ofMetric(Mapping alert) {
        Setting<When> condition = alert.required("when", when);
        for (String ofCheck : List.of("segment", "subject")) {
            alert.optional(
                    ofCheck,
                    value -> value.refuse(
                            ofCheck.equals("segment")
                                    ? "belongs in when; move it there"
                                    : "only a check has one, so that it has no meaning; remove it"));
        }
        Setting<Evidence> evidence = alert.required("evidence", Mapping.of(limits -> {
            limits.optional(
                    "consecutive_runs",
                    value -> value.refuse("an alert waits with for, as in for: 2d; it has no meaning; remove it"));
            return EvidenceReader.read(limits, condition.read().map(When::condition));
        }));
        return () -> new OfMetric(condition.value().segment(), condition.value().condition(), evidence.value());
    }

    private static String described(Watched watched) {
        return watched instanceof OfMetric metric
                ? metric.when().describe()
                : Alert.of(((OfCheck) watched).check()).description();
    }

    /** The first that covers a finding counts: one that stands after a wider one never would. */
    private Alert unlessCovered(Alert alert) {
        if (alert.watched() instanceof OfCheck narrow) {
            earlier.stream()
                    .filter(before -> before.watched() instanceof OfCheck wide && wide.coversAll(narrow))
                    .findFirst()
                    .ifPresent(before -> {
                        throw new IllegalArgumentException(
                                "check %s: alert '%s' stands before it and takes all of it; put the narrower one first"
                                        .formatted(narrow.check().label(), before.name()));
                    });
        }
        return alert;
    }

    private static Optional<String> address(Value value) {
        return Words.name(value)
                .flatMap(text -> ADDRESS.matcher(text).matches()
                        ? Optional.of(text)
                        : value.refuse("no address of a page; write https://..."));
    }
}
