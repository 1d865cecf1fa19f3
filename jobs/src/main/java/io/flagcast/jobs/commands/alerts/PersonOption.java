package io.flagcast.jobs.commands.alerts;

import io.flagcast.jobs.commands.options.Surroundings;
import picocli.CommandLine.Option;

/** Who says something. */
final class PersonOption {

    @Option(names = "--by", paramLabel = "NAME", description = "Who says so. Default: the name of the user.")
    private String name;

    PersonOption(Surroundings surroundings) {
        this.name = surroundings.user();
    }

    String name() {
        return name;
    }
}
