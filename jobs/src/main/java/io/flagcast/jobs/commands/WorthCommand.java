package io.flagcast.jobs.commands;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.FormatOption;
import io.flagcast.jobs.commands.options.PastConverter;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.printing.Printer;
import io.flagcast.jobs.printing.Sheet;
import io.flagcast.jobs.printing.Shown;
import io.flagcast.jobs.questions.WorthOfWhole;
import io.flagcast.jobs.questions.WorthOfWhole.Plan;
import io.flagcast.jobs.questions.WorthOfWhole.Worth;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.ExitCode;
import io.flagcast.statistics.Interval;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "worth",
        mixinStandardHelpOptions = true,
        description = {
            "What all experiments together are worth: everybody else against the users whom flagcast.lake.holdout"
                    + " keeps out of every experiment, with bounds that hold however often you look, and what the holdout"
                    + " costs. Where nobody is held out, what a holdout would cost and show.",
            "As JSON every row says its table: worth, or plan where nobody is held out. CSV is the one that there is."
        })
final class WorthCommand implements Callable<Integer> {

    private static final Sheet<Worth> WORTH = bounded(
            bounded(
                    Sheet.<Worth>named("worth")
                            .column("experiment", "experiment", Worth::experiment)
                            .column("metric", "metric", Worth::metric)
                            .value("from", Worth::from)
                            .column("held out", "held_out", Worth::heldOut, Shown.COUNT)
                            .column("their mean", "held_out_value", Worth::ofHeldOut, Shown.number("%.4f"))
                            .column("everybody else", "everybody_else", Worth::everybodyElse, Shown.COUNT)
                            .column(
                                    "their mean ",
                                    "everybody_else_value",
                                    Worth::ofEverybodyElse,
                                    Shown.number("%.4f")),
                    "worth",
                    "worth",
                    "%+.4f",
                    Worth::difference,
                    Worth::bounds),
            "costs a day",
            "costs_per_day",
            "%+.2f",
            Worth::perDay,
            Worth::perDayBounds);

    private static final Sheet<Plan> PLAN = Sheet.<Plan>named("plan")
            .column("experiment", "experiment", Plan::experiment)
            .column("metric", "metric", Plan::metric)
            .column("now", "now", Plan::now, Shown.number("%.4f"))
            .column("users a day", "users_per_day", Plan::usersPerDay, Shown.number("%,.1f"))
            .column("held out a day", "held_out_per_day", Plan::heldOutPerDay, Shown.number("%,.1f"))
            .column(
                    "tells after " + WorthOfWhole.PLANNED_DAYS + " days",
                    "tells_apart",
                    Plan::tellsApart,
                    Shown.number("%.4f").absentAs("-"));

    private final Surroundings surroundings;

    @Option(
            names = "--metric",
            paramLabel = "METRIC",
            description = "Only this one, and what all experiments together have of it. Default: all.")
    private String metric;

    @Option(
            names = "--since",
            paramLabel = "DATE",
            converter = PastConverter.class,
            description = "Count every user by the first exposure since then. Default: since the holdout began.")
    private Instant since;

    @Mixin
    private FormatOption format = new FormatOption();

    @Mixin
    private ConfigurationOptions configuration;

    WorthCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        List<Experiment> experiments = configuration.experiments(configuration.settings());
        Progress progress = surroundings.progress();
        Printer printer = format.printer();
        return configuration.onLake(lake -> {
            WorthOfWhole worth =
                    WorthOfWhole.of(lake, experiments, Optional.ofNullable(since), Optional.ofNullable(metric));
            if (worth.holdout() == 0) {
                plan(worth, printer);
            } else {
                print(worth, printer);
            }
            worth.warnings().forEach(progress::notice);
            return ExitCode.DONE;
        });
    }

    private static void print(WorthOfWhole worth, Printer printer) {
        printer.say("%s of the users are held out of every experiment; measured up to %s"
                .formatted(percent(worth.holdout()), worth.asOf()));
        printer.say("");
        if (worth.worth().isEmpty() && printer.isForPeople()) {
            printer.say(
                    "No outcome window of a held-out user has closed yet. Held-out users count where their exposures are"
                            + " logged as everybody else's are, with the reason holdout.");
            return;
        }
        printer.print(WORTH, worth.worth());
        printer.say("");
        printer.say("worth: everybody else minus held out, per user who met the experiment, whether enabled or not. The"
                + " bounds hold with 95 %, however often you look.");
        printer.say("costs a day: what the held-out users of a day go without, in the unit of the metric.");
    }

    private static void plan(WorthOfWhole worth, Printer printer) {
        printer.say("Nobody is held out, so what all experiments together are worth is not known. To know it, set");
        printer.say("  flagcast.lake.holdout = %.0f%%".formatted(100 * WorthOfWhole.PROPOSED));
        printer.say("From the next run on these users meet every experiment without its feature. That costs what the"
                + " features are worth to them; after %d days it tells a worth from nothing that is as large as:"
                        .formatted(WorthOfWhole.PLANNED_DAYS));
        printer.say("");
        printer.print(PLAN, worth.plans());
    }

    private static String percent(double share) {
        return "%s %%".formatted(Math.round(10_000 * share) / 100.0).replace(".0 ", " ");
    }

    /** A value and its bounds; nothing where they cannot be told. */
    private static Sheet<Worth> bounded(
            Sheet<Worth> sheet,
            String heading,
            String key,
            String number,
            Function<Worth, Optional<Double>> value,
            Function<Worth, Optional<Interval>> bounds) {
        return sheet.column(heading, key, value, Shown.number(number).absentAs("-"))
                .text(
                        heading.equals("worth") ? "95 %" : "95 % ",
                        worth -> bounds.apply(worth)
                                .map(known -> (number + " to " + number).formatted(known.lower(), known.upper()))
                                .orElse("-"))
                .value(key + "_lower", worth -> bounds.apply(worth).map(Interval::lower))
                .value(key + "_upper", worth -> bounds.apply(worth).map(Interval::upper));
    }
}
