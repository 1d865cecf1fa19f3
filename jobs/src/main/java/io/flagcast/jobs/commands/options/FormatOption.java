package io.flagcast.jobs.commands.options;

import io.flagcast.jobs.printing.Format;
import io.flagcast.jobs.printing.Printer;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine.Option;

/** In which format a command prints its rows. */
public final class FormatOption {

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "TABLE",
            description = "table, csv or json (an object a line). Default: table.")
    private Format format;

    @Option(names = "--json", description = "Short for --format json.")
    private boolean json;

    /** Prints on standard output. */
    public Printer printer() {
        return printer(json ? Format.JSON : format);
    }

    /** Prints on standard output in a format that is not asked for. */
    public static Printer printer(Format format) {
        return Printer.of(format, new PrintStream(System.out, true, StandardCharsets.UTF_8));
    }
}
