package io.flagcast.jobs.commands;

import io.flagcast.delivery.AlertTable;
import io.flagcast.delivery.DeliverAlerts;
import io.flagcast.delivery.Note;
import io.flagcast.delivery.Notes;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.printing.TextTable;
import io.flagcast.jobs.run.Progress;
import io.flagcast.jobs.settings.Settings;
import io.flagcast.jobs.settings.SettingsReader;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Json;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Session;
import io.flagcast.rules.alerts.AlertChange;
import io.flagcast.rules.alerts.Labels;
import io.flagcast.rules.alerts.Watch;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Shows alerts, and takes what people say of them. */
@Command(
        name = "alerts",
        mixinStandardHelpOptions = true,
        description = "Alerts: see them, take charge of one, keep some quiet for a while, tell receivers again.")
final class AlertsCommand implements Runnable {

    private final Clock clock;

    @Spec
    private CommandSpec spec;

    AlertsCommand(Clock clock) {
        this.clock = Objects.requireNonNull(clock, "clock");
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "say what: alerts list, ack, silence, unsilence or deliver");
    }

    private static PrintStream out() {
        return new PrintStream(System.out, true, StandardCharsets.UTF_8);
    }

    private static int on(ConfigurationOptions configuration, Function<Lake, ExitCode> work) {
        try (Session session = Session.open()) {
            Lake lake = new Lake(session.spark(), configuration.lake().root());
            lake.requireLive();
            return work.apply(lake).code();
        }
    }

    /** How every alert of published runs stands, those that began last first. */
    private static List<AlertChange> newest(Lake lake) {
        return AlertTable.read(
                        lake,
                        lake.publications().stream().map(Publication::runId).toList())
                .newest()
                .stream()
                .sorted(Comparator.comparing(AlertChange::activeAt)
                        .reversed()
                        .thenComparing(change -> change.labels().title())
                        .thenComparing(change -> change.labels().fingerprint()))
                .toList();
    }

    @Command(
            name = "list",
            mixinStandardHelpOptions = true,
            description = "Alerts that fire or are pending, the latest first.")
    int list(
            @Mixin ConfigurationOptions configuration,
            @Option(names = "--all", description = "Those that are over, too.") boolean all,
            @Option(names = "--experiment", paramLabel = "ID", description = "Only of this experiment.")
                    String experimentId,
            @Option(
                            names = "--format",
                            paramLabel = "FORMAT",
                            defaultValue = "TABLE",
                            description = "table or json (an object an alert).")
                    EvaluateCommand.Format format) {
        return on(configuration, lake -> {
            Notes notes = Notes.read(lake);
            List<AlertChange> shown = newest(lake).stream()
                    .filter(change -> all || change.isOpen())
                    .filter(change -> experimentId == null
                            || change.labels().experimentId().equals(experimentId))
                    .toList();
            PrintStream out = out();
            if (format == EvaluateCommand.Format.JSON) {
                shown.forEach(change -> out.println(Json.write(fields(change, notes))));
                return ExitCode.DONE;
            }
            if (shown.isEmpty()) {
                Progress.on(System.err).say(all ? "there has been no alert like that" : "no alert fires");
                return ExitCode.DONE;
            }
            TextTable table = new TextTable(
                    List.of("fingerprint", "state", "severity", "experiment", "alert", "since", "note", "reason"));
            shown.forEach(change -> table.add(List.of(
                    change.labels().fingerprint(),
                    state(change),
                    change.labels().value(Labels.SEVERITY).orElse(""),
                    change.labels().experimentId(),
                    change.labels().title(),
                    change.startsAt().orElse(change.activeAt()).toString(),
                    note(change, notes).orElse(""),
                    change.annotations().getOrDefault(Watch.REASON, ""))));
            out.print(table);
            return ExitCode.DONE;
        });
    }

    private static String state(AlertChange change) {
        return change.quietAt().isPresent() ? "firing (quiet)" : change.state().label();
    }

    private Optional<String> note(AlertChange change, Notes notes) {
        if (!change.isOpen()) {
            return Optional.empty();
        }
        Optional<String> silenced = notes.silence(change.labels(), clock.instant())
                .map(note -> "silenced by %s until %s"
                        .formatted(note.person(), note.until().orElseThrow()));
        return silenced.isPresent()
                ? silenced
                : notes.acknowledgement(change).map(note -> "acknowledged by " + note.person());
    }

    private Map<String, Object> fields(AlertChange change, Notes notes) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("fingerprint", change.labels().fingerprint());
        fields.put("state", change.state().label());
        fields.put("labels", change.labels().values());
        fields.put("annotations", change.annotations());
        fields.put("active_at", change.activeAt().toString());
        fields.put("starts_at", change.startsAt().map(Instant::toString).orElse(null));
        fields.put("quiet_at", change.quietAt().map(Instant::toString).orElse(null));
        fields.put("ends_at", change.endsAt().map(Instant::toString).orElse(null));
        fields.put("note", note(change, notes).orElse(null));
        return fields;
    }

    @Command(
            name = "ack",
            mixinStandardHelpOptions = true,
            description = "Takes charge of firing alerts: receivers are told nothing more of them until they are over."
                    + " It ends with the firing; the next one is told again.")
    int acknowledge(
            @Mixin ConfigurationOptions configuration,
            @Mixin Person person,
            @Parameters(
                            paramLabel = "FINGERPRINT",
                            arity = "1..*",
                            description = "As in alerts list; the first digits are enough.")
                    List<String> fingerprints,
            @Option(names = "--comment", paramLabel = "TEXT", description = "What is done about it.") String comment) {
        return on(configuration, lake -> {
            Notes notes = Notes.read(lake);
            List<AlertChange> firing =
                    newest(lake).stream().filter(AlertChange::isFiring).toList();
            Progress progress = Progress.on(System.err);
            List<Note> made = new ArrayList<>();
            for (String fingerprint : fingerprints) {
                AlertChange alert = named(firing, fingerprint);
                if (notes.acknowledgement(alert).isPresent()) {
                    progress.say("%s is acknowledged already: nothing to do"
                            .formatted(alert.labels().title()));
                    continue;
                }
                made.add(new Note(
                        Note.Kind.ACKNOWLEDGED,
                        alert.labels().values(),
                        alert.startsAt(),
                        Optional.empty(),
                        person.name(),
                        Optional.ofNullable(comment),
                        now()));
                progress.say("%s is acknowledged by %s".formatted(alert.labels().title(), person.name()));
            }
            Notes.append(lake, made);
            return ExitCode.DONE;
        });
    }

    private static AlertChange named(List<AlertChange> firing, String fingerprint) {
        List<AlertChange> found = firing.stream()
                .filter(change -> change.labels().fingerprint().startsWith(fingerprint))
                .toList();
        if (found.size() != 1) {
            throw new Refusal(
                    ExitCode.USAGE,
                    "%s: %s: see flagcast alerts list"
                            .formatted(
                                    fingerprint,
                                    found.isEmpty()
                                            ? "no alert with this fingerprint fires"
                                            : "%d alerts fire whose fingerprint begins so; write more of it"
                                                    .formatted(found.size())));
        }
        return found.get(0);
    }

    @Command(
            name = "silence",
            mixinStandardHelpOptions = true,
            description = "Keeps alerts quiet for a while: receivers are told nothing of those that have all of these"
                    + " labels. What fires still when it ends is told then.")
    int silence(
            @Mixin ConfigurationOptions configuration,
            @Mixin Person person,
            @Parameters(
                            paramLabel = "LABEL=VALUE",
                            arity = "1..*",
                            description = "As experiment_id=checkout_v2_rollout severity=info.")
                    Map<String, String> labels,
            @Option(
                            names = "--for",
                            required = true,
                            paramLabel = "DURATION",
                            converter = DurationConverter.class,
                            description = "As 2d, 12h or 30m.")
                    Duration length,
            @Option(names = "--comment", required = true, paramLabel = "TEXT", description = "Why.") String comment) {
        return on(configuration, lake -> {
            Note silence = new Note(
                    Note.Kind.SILENCE,
                    labels,
                    Optional.empty(),
                    Optional.of(now().plus(length)),
                    person.name(),
                    Optional.of(comment),
                    now());
            Notes.append(lake, List.of(silence));
            long firing = newest(lake).stream()
                    .filter(change -> change.isFiring() && change.labels().haveAll(labels))
                    .count();
            Progress.on(System.err)
                    .say("silenced until %s; %d of the alerts that fire have these labels"
                            .formatted(silence.until().orElseThrow(), firing));
            return ExitCode.DONE;
        });
    }

    @Command(
            name = "unsilence",
            mixinStandardHelpOptions = true,
            description = "Ends the silences of exactly these labels. The next delivery tells what fires.")
    int unsilence(
            @Mixin ConfigurationOptions configuration,
            @Mixin Person person,
            @Parameters(paramLabel = "LABEL=VALUE", arity = "1..*", description = "As in alerts silence.")
                    Map<String, String> labels) {
        return on(configuration, lake -> {
            if (Notes.read(lake).silenceOf(labels, now()).isEmpty()) {
                throw new Refusal(
                        ExitCode.USAGE,
                        "there is no silence of exactly %s: see the table alert_notes".formatted(labels));
            }
            Notes.append(
                    lake,
                    List.of(new Note(
                            Note.Kind.UNSILENCE,
                            labels,
                            Optional.empty(),
                            Optional.empty(),
                            person.name(),
                            Optional.empty(),
                            now())));
            Progress.on(System.err).say("no longer silenced");
            return ExitCode.DONE;
        });
    }

    @Command(
            name = "deliver",
            mixinStandardHelpOptions = true,
            description = "Tells receivers what they have not been told yet. Exit code 75 where one could not be told.")
    int deliver(@Mixin ConfigurationOptions configuration) {
        Settings settings = configuration.settings();
        return on(configuration, lake -> {
            DeliverAlerts delivery = new DeliverAlerts(settings.alerts(), lake, clock, Progress.on(System.err)::say);
            return delivery.deliver() == DeliverAlerts.Result.DONE ? ExitCode.DONE : ExitCode.TRY_AGAIN;
        });
    }

    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS);
    }

    /** Who says something. */
    static final class Person {

        @Option(
                names = "--by",
                paramLabel = "NAME",
                defaultValue = "${sys:user.name}",
                description = "Who says so. Default: the name of the user.")
        private String name;

        String name() {
            return name;
        }
    }

    /** Reads a length as settings have it. */
    static final class DurationConverter implements ITypeConverter<Duration> {
        @Override
        public Duration convert(String text) {
            try {
                return SettingsReader.parseDuration(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException("'" + text + "' is no duration: write 2d, 12h or 30m");
            }
        }
    }
}
