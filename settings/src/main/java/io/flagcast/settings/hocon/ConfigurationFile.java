package io.flagcast.settings.hocon;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigIncludeContext;
import com.typesafe.config.ConfigIncluder;
import com.typesafe.config.ConfigIncluderClasspath;
import com.typesafe.config.ConfigIncluderFile;
import com.typesafe.config.ConfigIncluderURL;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A configuration file and what it includes: files below its folder, each of which has to be there. HOCON would leave out
 * silently what it does not find, and read from anywhere, the network too.
 */
final class ConfigurationFile
        implements ConfigIncluder, ConfigIncluderFile, ConfigIncluderURL, ConfigIncluderClasspath {

    private static final Pattern ADDRESS = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:.*", Pattern.DOTALL);
    private static final List<String> ENDINGS = List.of("", ".conf", ".json");

    private final ConfFile whole;

    private final Path file;
    /** As its system knows it, without symbolic links. */
    private final Path real;
    /** The folder that includes do not leave. */
    private final Path folder;

    private final Optional<ConfigurationFile> includedBy;
    private final Read read;
    private final Text text;
    private int included;

    private ConfigurationFile(
            ConfFile whole,
            Path file,
            Path real,
            Path folder,
            Optional<ConfigurationFile> includedBy,
            Outline.Within within,
            Read read)
            throws IOException {
        this.whole = whole;
        this.file = file;
        this.real = real;
        this.folder = folder;
        this.includedBy = includedBy;
        this.read = read;
        this.text = Text.of(whole.shown(file), content(file), within, read.bounds());
        read.texts().add(text);
    }

    /**
     * What has been read so far.
     *
     * @param bounds for what may be
     * @param texts of all files, and of what is said without one
     */
    record Read(Bounds bounds, List<Text> texts) {}

    /**
     * Reads a file.
     *
     * @param read to be added to
     * @throws Refusal where it or a file that it includes cannot be read, is no HOCON, too large or says a key twice
     */
    static Config read(ConfFile conf, Read read) {
        Path file = conf.path();
        try {
            Path folder = file.toAbsolutePath().getParent().toRealPath();
            return new ConfigurationFile(
                            conf, file, file.toRealPath(), folder, Optional.empty(), Outline.Within.NOTHING, read)
                    .parsed();
        } catch (NoSuchFileException e) {
            throw refusal("--conf " + file, "there is no such file");
        } catch (IOException e) {
            throw refusal("--conf " + file, "it cannot be read: " + e);
        }
    }

    private static Refusal refusal(String place, String what) {
        return new Refusal(ExitCode.CONFIGURATION, place + ": " + what);
    }

    private static byte[] content(Path file) throws IOException {
        if (file.toString().endsWith(".properties")) {
            throw refusal(file.toString(), "properties are not read: write HOCON or JSON");
        }
        try (InputStream input = Files.newInputStream(file)) {
            return input.readNBytes(Bounds.MOST_BYTES + 1);
        }
    }

    private Config parsed() {
        Config parsed = text.parsedOrRefused(ConfigParseOptions.defaults().setIncluder(this));
        RepeatedKeys.refuse(text.place(), text.outline());
        return parsed;
    }

    @Override
    public ConfigIncluder withFallback(ConfigIncluder fallback) {
        return this;
    }

    @Override
    public ConfigObject include(ConfigIncludeContext context, String name) {
        return ADDRESS.matcher(name).matches() ? refuse("include \"" + name + "\"") : include("\"" + name + "\"", name);
    }

    @Override
    public ConfigObject includeFile(ConfigIncludeContext context, File named) {
        return include("file(\"" + named + "\")", named.getPath());
    }

    @Override
    public ConfigObject includeURL(ConfigIncludeContext context, URL address) {
        return refuse("include url(…)");
    }

    @Override
    public ConfigObject includeResources(ConfigIncludeContext context, String resource) {
        return refuse("include classpath(\"" + resource + "\")");
    }

    private ConfigObject refuse(String statement) {
        throw refusal(
                place(next()) + ": " + statement,
                "only files below %s are read: copy it there and write include \"name.conf\"".formatted(folder));
    }

    /** The statement whose turn it is: the parser asks for them in the order of the text. */
    private Outline.Include next() {
        return text.outline().includes().get(included++);
    }

    private String place(Outline.Include statement) {
        return text.place() + ": " + statement.line();
    }

    private ConfigObject include(String statement, String name) {
        Outline.Include next = next();
        String place = place(next) + ": include " + statement;
        read.bounds().file(place);
        try {
            Path found = found(place, name);
            Path target = found.toRealPath();
            if (!target.startsWith(folder)) {
                throw refusal(
                        place, "%s is outside of %s: copy it there, and name it from there".formatted(target, folder));
            }
            requireNoCircle(place, target);
            return new ConfigurationFile(whole, found, target, folder, Optional.of(this), next.within(), read)
                    .parsed()
                    .root();
        } catch (IOException e) {
            throw refusal(place, "it cannot be read: " + e);
        }
    }

    private Path found(String place, String name) {
        List<Path> places;
        try {
            places = (name.matches(".*\\.(conf|json)") ? List.of("") : ENDINGS)
                    .stream().map(ending -> file.resolveSibling(name + ending)).toList();
        } catch (InvalidPathException e) {
            throw refusal(place, "it is no path: " + e.getReason());
        }
        return places.stream()
                .filter(whole::has)
                .findFirst()
                .orElseThrow(() -> refusal(
                        place,
                        "there is no file %s: correct the name, or create it"
                                .formatted(places.stream().map(Path::toString).collect(Collectors.joining(" or ")))));
    }

    private void requireNoCircle(String place, Path target) {
        if (within().anyMatch(each -> each.real.equals(target))) {
            throw refusal(
                    place,
                    "the files include one another, %s → %s: leave one of the statements out"
                            .formatted(
                                    within().map(each -> each.file.toString()).collect(Collectors.joining(" → ")),
                                    target.getFileName()));
        }
    }

    /** The files that this one is included by, and this one. */
    private Stream<ConfigurationFile> within() {
        return Stream.concat(includedBy.stream().flatMap(ConfigurationFile::within), Stream.of(this));
    }
}
