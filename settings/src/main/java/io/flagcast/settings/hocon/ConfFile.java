package io.flagcast.settings.hocon;

import io.flagcast.lake.ExitCode;
import io.flagcast.lake.LocalCopy;
import io.flagcast.lake.Refusal;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/**
 * A configuration file where it is read.
 *
 * @param path on the local disk
 * @param folder that it is in, as configuration names it ({@code flagcast.conf-dir}): of a file in a store the address there
 * @param store where that is in a store, its folder, from which what it includes comes too
 */
public record ConfFile(Path path, String folder, Optional<LocalCopy> store) {

    private static final String OPTION = "--conf";

    public ConfFile {
        Objects.requireNonNull(path, "path");
        Objects.requireNonNull(folder, "folder");
        Objects.requireNonNull(store, "store");
    }

    /** A file on the local disk. */
    public static ConfFile of(Path path) {
        return new ConfFile(path, String.valueOf(path.toAbsolutePath().getParent()), Optional.empty());
    }

    /**
     * The file that an option names: a path, an address in a store, or the name of a file that spark-submit was given with
     * {@code --files}.
     *
     * @throws Refusal with exit code 78 where there is none
     */
    public static ConfFile named(String name, Variables variables) {
        if (LocalCopy.isInStore(name)) {
            return copied(name);
        }
        Path path = path(name.replaceFirst("\\Afile:(?://)?(?=/)", ""));
        if (Files.isRegularFile(path)) {
            return of(path);
        }
        return variables
                .submittedFiles()
                .filter(file -> file.replaceFirst(".*/", "").equals(name))
                .findFirst()
                .filter(file -> !file.equals(name))
                .map(file -> named(file, variables))
                .orElseThrow(() -> new Refusal(ExitCode.CONFIGURATION, absent(name, path)));
    }

    private static Path path(String name) {
        try {
            return Path.of(name);
        } catch (InvalidPathException e) {
            throw new Refusal(
                    ExitCode.CONFIGURATION, "%s %s: it is no path: %s".formatted(OPTION, name, e.getReason()), e);
        }
    }

    private static String absent(String name, Path path) {
        if (name.contains("=")) {
            return "%s %s: that is no file. A setting of Spark stands before the jar of spark-submit, one of Flagcast is --set %s"
                    .formatted(OPTION, name, name);
        }
        return "%s %s: there is no such file%s"
                .formatted(
                        OPTION,
                        name,
                        path.isAbsolute()
                                ? ""
                                : " in %s. Below spark-submit in cluster mode name it in its --files, or give its address, as s3a://bucket/%s"
                                        .formatted(Path.of("").toAbsolutePath(), name));
    }

    private static ConfFile copied(String address) {
        int slash = address.lastIndexOf('/');
        String folder = address.substring(0, slash);
        LocalCopy store = LocalCopy.of(folder, OPTION);
        String name = address.substring(slash + 1);
        store.fetch(name);
        Path path = store.local().resolve(name);
        if (!Files.isRegularFile(path)) {
            throw new Refusal(ExitCode.CONFIGURATION, "%s %s: there is no such file".formatted(OPTION, address));
        }
        return new ConfFile(path, folder, Optional.of(store));
    }

    /** Whether there is a file that this one includes; one in a store is copied. */
    boolean has(Path included) {
        Path named = included.normalize();
        store.filter(copy -> named.startsWith(copy.local()) && !Files.exists(named))
                .ifPresent(copy -> copy.fetch(copy.local().relativize(named).toString()));
        return Files.isRegularFile(named);
    }

    /** What a file is called in messages: of one in a store where it is there. */
    String shown(Path file) {
        return store.filter(copy -> file.startsWith(copy.local()))
                .map(copy -> copy.address() + "/" + copy.local().relativize(file))
                .orElseGet(file::toString);
    }
}
