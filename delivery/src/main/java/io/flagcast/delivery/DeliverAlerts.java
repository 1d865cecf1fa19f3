package io.flagcast.delivery;

import io.flagcast.delivery.Outcome.State;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Refusal;
import io.flagcast.rules.alerts.AlertChange;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * Tells receivers of the alerts of published runs: at least once, each thing once to whom it was delivered, and what failed again
 * with the next delivery. A receiver that is dead takes no more than the time that is set for all together.
 */
public final class DeliverAlerts {

    private final DeliverySettings settings;
    private final Lake lake;
    private final Clock clock;
    private final Consumer<String> say;

    /** @param say takes the lines that a person should see */
    public DeliverAlerts(DeliverySettings settings, Lake lake, Clock clock, Consumer<String> say) {
        this.settings = Objects.requireNonNull(settings, "settings");
        this.lake = Objects.requireNonNull(lake, "lake");
        this.clock = Objects.requireNonNull(clock, "clock");
        this.say = Objects.requireNonNull(say, "say");
    }

    /** What one delivery did. */
    public enum Result {
        /** Every receiver knows all that it is to know. */
        DONE,
        /** At least one does not: it is told by the next delivery. */
        INCOMPLETE
    }

    /** Delivers after a publication: whatever goes wrong is said, and the run is as good as without. */
    public void afterPublication() {
        try {
            deliver();
        } catch (Exception e) {
            // Exception: Spark throws checked ones that it does not declare.
            notice("alerts: not delivered (%s); the next run or flagcast alerts deliver tries again"
                    .formatted(Refusal.sentence(e)));
        }
    }

    /** Writes the text files anew once a run has ended, however it did: they count what runs did. Nothing comes of it that fails a run. */
    public void expose() {
        if (settings.receivers().stream().noneMatch(Receiver.Textfile.class::isInstance)) {
            return;
        }
        try {
            List<Publication> publications = lake.publications();
            write(outbox(publications), Publication.newest(publications), clock.instant());
        } catch (Exception e) {
            // Exception: Spark throws checked ones that it does not declare.
            notice("alerts: text files are not written (%s); the next run does".formatted(Refusal.sentence(e)));
        }
    }

    private Outbox outbox(List<Publication> publications) {
        return new Outbox(
                AlertTable.published(lake, publications),
                delivered(),
                Notes.read(lake),
                Publication.newest(publications).map(Publication::asOf).orElse(Instant.EPOCH));
    }

    /** Delivers what is due. */
    public Result deliver() {
        List<Publication> publications = lake.publications();
        Optional<Publication> live = Publication.newest(publications);
        if (live.isEmpty() || settings.receivers().isEmpty()) {
            return Result.DONE;
        }
        Instant now = clock.instant();
        Outbox outbox = outbox(publications);
        Map<Receiver, List<Message>> due = due(outbox, now);
        if (lake.isDry()) {
            due.forEach((receiver, messages) -> messages.forEach(message ->
                    say.accept("receiver %s would be told of %s".formatted(receiver.name(), message.subject()))));
            return Result.DONE;
        }
        boolean written = write(outbox, live, now);
        List<Attempt> attempts = tell(due, now);
        // Who was told is written down also where the command is asked to end: nobody is told twice for that.
        boolean isInterrupted = Thread.interrupted();
        lake.append(Tables.ALERT_DELIVERIES, rows(attempts, outbox));
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
        Set<String> incomplete = new HashSet<>();
        for (Attempt attempt : attempts) {
            if (attempt.outcome().state() != State.DELIVERED
                    && incomplete.add(attempt.receiver().name())) {
                notice(
                        "alerts: receiver %s was not told of %s (%s); the next run or flagcast alerts deliver tries again"
                                .formatted(
                                        attempt.receiver().name(),
                                        attempt.message().subject(),
                                        attempt.outcome().detail()));
            }
        }
        return written && incomplete.isEmpty() ? Result.DONE : Result.INCOMPLETE;
    }

    private Map<Receiver, List<Message>> due(Outbox outbox, Instant now) {
        Map<Receiver, List<Message>> due = new LinkedHashMap<>();
        for (Receiver receiver : settings.receivers()) {
            List<Message> messages = receiver instanceof Receiver.Textfile ? List.of() : outbox.due(receiver, now);
            if (!messages.isEmpty()) {
                due.put(receiver, messages);
            }
        }
        return due;
    }

    private void notice(String line) {
        say.accept("note: " + line);
    }

    private boolean write(Outbox outbox, Optional<Publication> live, Instant now) {
        boolean written = true;
        for (Receiver receiver : settings.receivers()) {
            if (receiver instanceof Receiver.Textfile file) {
                try {
                    new Exposition(outbox.standing(file, now), live, RunCounts.of(lake)).write(file.path());
                } catch (IOException e) {
                    written = false;
                    notice("alerts: receiver %s: %s cannot be written (%s); the next run tries again"
                            .formatted(file.name(), file.path(), e));
                }
            }
        }
        return written;
    }

    /** What came of one message to one receiver. */
    private record Attempt(Receiver receiver, Message message, Outcome outcome) {}

    /** Every receiver by itself, so that a dead one keeps no other waiting. */
    private List<Attempt> tell(Map<Receiver, List<Message>> due, Instant now) {
        if (due.isEmpty()) {
            return List.of();
        }
        Courier courier = new Courier(settings);
        Collection<Attempt> made = new ConcurrentLinkedQueue<>();
        List<Callable<Void>> tasks = new ArrayList<>();
        due.forEach((receiver, messages) -> tasks.add(() -> {
            tell(receiver, messages, courier, now, made);
            return null;
        }));
        Outcome late = Outcome.failed("the %d s of flagcast.alerts.budget were over"
                .formatted(settings.budget().toSeconds()));
        ExecutorService threads = Executors.newFixedThreadPool(tasks.size(), DeliverAlerts::daemon);
        try {
            threads.invokeAll(tasks, settings.budget().toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            late = Outcome.failed("interrupted");
        } finally {
            threads.shutdownNow();
        }
        List<Attempt> attempts = new ArrayList<>(made);
        Outcome untold = late;
        due.forEach((receiver, messages) -> messages.stream()
                .filter(message -> attempts.stream()
                        .noneMatch(attempt -> attempt.receiver().equals(receiver)
                                && attempt.message().equals(message)))
                .toList()
                .forEach(message -> attempts.add(new Attempt(receiver, message, untold))));
        return attempts;
    }

    private static Thread daemon(Runnable work) {
        Thread thread = new Thread(work, "flagcast-delivery");
        thread.setDaemon(true);
        return thread;
    }

    private void tell(Receiver receiver, List<Message> messages, Courier courier, Instant now, Collection<Attempt> made)
            throws InterruptedException {
        Optional<Outcome> dead = Optional.empty();
        for (Message message : messages) {
            Outcome outcome = dead.isPresent() ? dead.get() : told(receiver, message, courier, now);
            made.add(new Attempt(receiver, message, outcome));
            if (outcome.state() == State.FAILED) {
                dead = Optional.of(outcome);
            }
        }
    }

    private Outcome told(Receiver receiver, Message message, Courier courier, Instant now) throws InterruptedException {
        if (receiver instanceof Receiver.Posted posted) {
            return courier.bring(message, posted, now);
        }
        Receiver.Log.lines(message).forEach(say);
        return Outcome.delivered("");
    }

    private Map<String, Set<Telling>> delivered() {
        Map<String, Set<Telling>> delivered = new HashMap<>();
        lake.history(Tables.ALERT_DELIVERIES)
                .where("outcome = 'delivered'")
                .collectAsList()
                .forEach(row -> delivered
                        .computeIfAbsent(row.getAs("receiver"), receiver -> new HashSet<>())
                        .add(new Telling(
                                row.getAs("fingerprint"),
                                Lake.instant(row, "starts_at"),
                                AlertChange.State.valueOf(
                                        row.<String>getAs("state").toUpperCase(Locale.ROOT)))));
        return delivered;
    }

    /** A row for everything that was attempted; what Alertmanager is told again has one already. */
    private List<Row> rows(List<Attempt> attempts, Outbox outbox) {
        Instant at = clock.instant().truncatedTo(ChronoUnit.MILLIS);
        List<Row> rows = new ArrayList<>();
        for (Attempt attempt : attempts) {
            Set<Telling> known =
                    outbox.delivered().getOrDefault(attempt.receiver().name(), Set.of());
            attempt.message().changes().stream()
                    .map(Telling::of)
                    .filter(telling -> !known.contains(telling))
                    .forEach(telling -> rows.add(RowFactory.create(
                            telling.fingerprint(),
                            telling.startsAt(),
                            telling.state().label(),
                            attempt.receiver().name(),
                            attempt.outcome().state().label(),
                            at,
                            attempt.outcome().detail().isEmpty()
                                    ? null
                                    : attempt.outcome().detail())));
        }
        return rows;
    }
}
