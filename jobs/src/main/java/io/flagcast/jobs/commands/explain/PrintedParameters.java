package io.flagcast.jobs.commands.explain;

import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ramp.Level;
import io.flagcast.experiments.Experiment.Status;
import io.flagcast.jobs.printing.Printer;
import io.flagcast.jobs.printing.Sheet;
import io.flagcast.jobs.printing.Shown;
import io.flagcast.jobs.questions.ParametersInForce;
import io.flagcast.jobs.questions.ParametersInForce.Setting;
import io.flagcast.jobs.questions.WhatPays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;

/** What is in force for an experiment, and what made it so. */
final class PrintedParameters {

    private static final Sheet<Setting> IN_FORCE = Sheet.<Setting>named("in_force")
            .text("segment or cell", setting -> setting.cell().toString())
            .value("segment", setting -> setting.cell().segment())
            .value("cell", setting -> setting.cell().context())
            .column("share", "share", Setting::share, Shown.percent(0))
            .column("learned probability", "learned_probability", Setting::probability, Shown.percent(1));

    private static final Sheet<ParameterChange> CHANGES = Sheet.<ParameterChange>named("changes")
            .column("version", "version", ParameterChange::version)
            .column("as of", "effective_as_of", ParameterChange::effectiveAsOf)
            .text("segment or cell", change -> change.cell().toString())
            .value("segment", change -> change.cell().segment())
            .value("cell", change -> change.cell().context())
            .column("cause", "cause", change -> change.origin().cause().label())
            .text(
                    "share",
                    change -> change.isOfExperiment()
                            ? wholly(change)
                            : Shown.percent(0).of(change.share()))
            .value("share", ParameterChange::share)
            .column("probability", "base_probability", ParameterChange::baseProbability, Shown.percent(1))
            .value("active_tier", change -> change.activeTier().map(PrintedParameters::tier))
            .value("activity", change -> change.activity().map(PrintedParameters::label))
            .value(
                    "ramp_of",
                    change -> change.ramp()
                            .map(level ->
                                    level.map(reached -> reached.unit().label()).orElse("none")))
            .value("ramp_to", change -> change.ramp().flatMap(level -> level).map(Level::value))
            .column("why", "why", ParametersInForce::why);

    private static final Sheet<Row> RAMP = Sheet.<Row>named("ramp")
            .value("outcome", row -> row.getAs("outcome"))
            .value("ramp_of", row -> row.getAs("ramp_of"))
            .value("ramp_to", row -> row.getAs("ramp_to"))
            .value("step", row -> row.getAs("step"))
            .value("steps", row -> row.getAs("steps"))
            .value("next", row -> row.getAs("next"))
            .value("users", row -> row.getAs("users"))
            .value("min_users", row -> row.getAs("min_users"))
            .value("reason", row -> row.getAs("reason"));

    private PrintedParameters() {}

    static void print(ParametersInForce parameters, List<WhatPays> pays, Printer printer) {
        printer.say("experiment %s of feature %s: %s, parameters version %d"
                .formatted(
                        parameters.experiment().experimentId(),
                        parameters.experiment().featureId(),
                        parameters.experiment().allocation().getClass().getSimpleName(),
                        parameters.version()));
        if (parameters.version() != parameters.publishedVersion()) {
            printer.say("publication %d of %s uses version %d"
                    .formatted(parameters.live().sequence(), parameters.live().asOf(), parameters.publishedVersion()));
        }
        Status status = parameters.experiment().status();
        if (status != Status.ACTIVE) {
            printer.say(label(status) + " in its file: nobody is enabled");
        }
        parameters.pause().map(ParametersInForce::paused).ifPresent(printer::say);
        parameters.ramp().map(row -> row.<String>getAs("sentence")).ifPresent(printer::say);
        pays.forEach(one -> one.sentences().forEach(printer::say));
        printer.say("");
        printer.print(IN_FORCE, parameters.settings());
        printer.say("");
        if (parameters.changes().isEmpty()) {
            printer.say("nothing has changed yet");
        } else {
            printer.print(CHANGES, parameters.changes());
        }
        if (!printer.isForPeople()) {
            printer.print(RAMP, parameters.ramp().stream().toList());
        }
    }

    /** What a change of the whole experiment sets. */
    private static String wholly(ParameterChange change) {
        return Stream.of(
                        change.activity().map(Activity::told),
                        change.activeTier()
                                .map(tier -> tier.isPresent() ? "tier " + tier.getAsInt() : "tier of the file"),
                        change.ramp()
                                .map(level ->
                                        "ramp " + level.map(Level::toString).orElse("not begun")))
                .flatMap(Optional::stream)
                .collect(Collectors.joining(", "));
    }

    private static Object tier(OptionalInt tier) {
        return tier.isPresent() ? tier.getAsInt() : "file";
    }

    private static String label(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
