package io.flagcast.experiments;

import io.flagcast.allocation.Layer;
import io.flagcast.experiments.Experiment.Status;
import io.flagcast.experiments.ExperimentReader.Outline;
import io.flagcast.experiments.document.Mapping;
import io.flagcast.experiments.document.Problem;
import io.flagcast.experiments.document.Problems;
import io.flagcast.experiments.document.Reader;
import io.flagcast.experiments.document.Setting;
import io.flagcast.experiments.document.Yaml;
import io.flagcast.tables.ContentHash;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Reads experiment files. Either all of them are valid, or an exception names every problem of every file. */
public final class ExperimentFiles {

    /** Largest file, in bytes. */
    static final int MOST_BYTES = 256 * 1024;

    private ExperimentFiles() {}

    /**
     * Reads one file, or every {@code *.yaml}, {@code *.yml} and {@code *.json} of a directory (but not of the
     * directories in it), with the catalogue of metrics beside them, {@code metrics.yaml}.
     *
     * @return in the order of the file names
     * @throws ExperimentFilesException with all problems, one of which may be that there is no file at all
     */
    public static List<Experiment> read(Path fileOrDirectory) {
        return read(fileOrDirectory, List.of());
    }

    /**
     * Reads files and directories together.
     *
     * @return in the order given
     * @throws ExperimentFilesException with all problems, also those between them
     */
    public static List<Experiment> read(List<Path> filesOrDirectories) {
        List<Problem> problems = new ArrayList<>();
        List<Path> files = filesOrDirectories.stream()
                .flatMap(path -> files(path, problems).stream())
                .toList();
        List<Outline> outlines = outlines(files, new Catalogues(Optional.empty(), problems), problems);
        problems.addAll(conflicts(outlines));
        return experiments(outlines, problems);
    }

    /**
     * Reads experiments as they would be if some were edited: each edited file stands for the file with the same
     * experiment_id, or comes on top.
     *
     * @param edited files outside {@code fileOrDirectory}, which name metrics of a catalogue beside them, or else of the one there
     * @return in the order of the file names, the edited ones last
     * @throws ExperimentFilesException with all problems, also those between edited files and the others
     */
    public static List<Experiment> read(Path fileOrDirectory, List<Path> edited) {
        List<Problem> problems = new ArrayList<>();
        Path folder = Files.isDirectory(fileOrDirectory) ? fileOrDirectory : folder(fileOrDirectory);
        Catalogues catalogues = new Catalogues(Optional.of(folder), problems);
        List<Outline> replacing = outlines(edited, catalogues, problems);
        List<Outline> outlines = new ArrayList<>(outlines(files(fileOrDirectory, problems), catalogues, problems));
        outlines.removeIf(
                outline -> replacing.stream().anyMatch(other -> isSame(other.experimentId(), outline.experimentId())));
        outlines.addAll(replacing);
        problems.addAll(conflicts(outlines));
        return experiments(outlines, problems);
    }

    private static List<Outline> outlines(List<Path> files, Catalogues catalogues, List<Problem> problems) {
        return files.stream()
                .flatMap(file ->
                        bytes(file, problems).flatMap(bytes -> outline(file, bytes, catalogues, problems)).stream())
                .toList();
    }

    private static Path folder(Path file) {
        return Optional.ofNullable(file.getParent()).orElse(Path.of(""));
    }

    private static Optional<Path> catalogue(Path folder) {
        return MetricCatalogue.places(folder).filter(Files::exists).findFirst();
    }

    /**
     * The catalogues of metrics, each read once.
     *
     * @param otherwise folder whose catalogue serves files that have none beside them
     * @param problems to which theirs are added
     * @param read what was found, by folder
     */
    private record Catalogues(
            Optional<Path> otherwise, List<Problem> problems, Map<Path, Optional<MetricCatalogue>> read) {

        Catalogues(Optional<Path> otherwise, List<Problem> problems) {
            this(otherwise, problems, new HashMap<>());
        }

        Optional<MetricCatalogue> of(Path file) {
            return in(folder(file)).or(() -> otherwise.flatMap(this::in));
        }

        private Optional<MetricCatalogue> in(Path folder) {
            return read.computeIfAbsent(folder, this::read);
        }

        private Optional<MetricCatalogue> read(Path folder) {
            return catalogue(folder)
                    .flatMap(file -> bytes(file, problems)
                            .flatMap(bytes ->
                                    document(file, bytes, problems, root -> MetricCatalogue.read(file, root))));
        }
    }

    /**
     * Reads the text of one file.
     *
     * @param fileName its name for messages and for {@link Experiment#file}
     * @throws ExperimentFilesException with all its problems
     */
    public static Experiment parse(String fileName, String text) {
        List<Problem> problems = new ArrayList<>();
        Path file = Path.of(fileName);
        Optional<Outline> outline = outline(
                file, text.getBytes(StandardCharsets.UTF_8), new Catalogues(Optional.empty(), problems), problems);
        return experiments(outline.stream().toList(), problems).get(0);
    }

    private static List<Experiment> experiments(List<Outline> outlines, List<Problem> problems) {
        if (!problems.isEmpty()) {
            throw new ExperimentFilesException(problems.stream()
                    .sorted(Comparator.comparing(Problem::file).thenComparing(Problem::line))
                    .toList());
        }
        return outlines.stream()
                .map(outline -> outline.experiment().orElseThrow())
                .toList();
    }

    private static List<Path> files(Path fileOrDirectory, List<Problem> problems) {
        if (!Files.isDirectory(fileOrDirectory)) {
            return List.of(fileOrDirectory);
        }
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(
                fileOrDirectory,
                entry -> isExperimentFile(entry.getFileName().toString()) && !MetricCatalogue.isCatalogue(entry))) {
            entries.forEach(files::add);
        } catch (IOException | DirectoryIteratorException e) {
            problems.add(unreadable(fileOrDirectory, e));
            return List.of();
        }
        if (files.isEmpty()) {
            problems.add(new Problem(
                    fileOrDirectory.toString(),
                    0,
                    "the directory has no *.yaml, *.yml or *.json file; add one or name another directory"));
        }
        files.sort(Comparator.comparing(Path::toString));
        return files;
    }

    private static boolean isExperimentFile(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return !name.startsWith(".") && (lower.endsWith(".yaml") || lower.endsWith(".yml") || lower.endsWith(".json"));
    }

    private static Optional<byte[]> bytes(Path file, List<Problem> problems) {
        try (InputStream input = Files.newInputStream(file)) {
            return Optional.of(input.readNBytes(MOST_BYTES + 1));
        } catch (NoSuchFileException e) {
            problems.add(new Problem(file.toString(), 0, "there is no such file or directory; correct the path"));
        } catch (IOException e) {
            problems.add(unreadable(file, e));
        }
        return Optional.empty();
    }

    private static Problem unreadable(Path path, Exception e) {
        return new Problem(path.toString(), 0, "cannot be read: " + e);
    }

    private static Optional<Outline> outline(Path file, byte[] bytes, Catalogues catalogues, List<Problem> problems) {
        ExperimentReader reader = new ExperimentReader(file, ContentHash.sha256(bytes), catalogues.of(file));
        return document(file, bytes, problems, Mapping.of(reader::outline));
    }

    /** What a reader makes of a file, whose problems are added to the others. */
    private static <T> Optional<T> document(Path file, byte[] bytes, List<Problem> problems, Reader<T> reader) {
        Problems found = new Problems(file.toString());
        Optional<T> document = Optional.empty();
        if (bytes.length > MOST_BYTES) {
            found.add(0, "larger than %d bytes; an experiment needs a few thousand".formatted(MOST_BYTES));
        } else {
            document =
                    text(bytes, found).flatMap(text -> Yaml.read(text, found)).flatMap(reader::read);
        }
        problems.addAll(found.found());
        return document;
    }

    private static Optional<String> text(byte[] bytes, Problems problems) {
        try {
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString());
        } catch (CharacterCodingException e) {
            problems.add(0, "not UTF-8 text; save it as UTF-8");
            return Optional.empty();
        }
    }

    /** What two files cannot both say; the later file has the problem. */
    private static List<Problem> conflicts(List<Outline> outlines) {
        List<Problem> conflicts = new ArrayList<>();
        for (int i = 0; i < outlines.size(); i++) {
            Outline later = outlines.get(i);
            outlines.stream()
                    .limit(i)
                    .filter(earlier -> isSame(earlier.experimentId(), later.experimentId()))
                    .findFirst()
                    .ifPresent(earlier -> conflicts.add(duplicateId(earlier, later)));
            outlines.stream()
                    .limit(i)
                    .filter(earlier -> isSame(earlier.salt(), later.salt()))
                    .findFirst()
                    .ifPresent(earlier -> conflicts.add(sameSalt(earlier, later)));
            outlines.stream()
                    .limit(i)
                    .filter(earlier -> layer(earlier)
                            .flatMap(taken -> layer(later).filter(taken::overlaps))
                            .isPresent())
                    .forEach(earlier -> conflicts.add(overlap(earlier, later)));
        }
        return conflicts;
    }

    private static boolean isSame(Setting<String> one, Setting<String> other) {
        return one.read().isPresent() && one.read().equals(other.read());
    }

    private static Problem duplicateId(Outline earlier, Outline later) {
        return new Problem(
                later.file(),
                later.experimentId().line(),
                "experiment_id '%s': also declared in %s:%d; give every experiment its own"
                        .formatted(
                                later.experimentId().value(),
                                earlier.file(),
                                earlier.experimentId().line()));
    }

    private static Problem sameSalt(Outline earlier, Outline later) {
        return new Problem(
                later.file(),
                later.salt().line(),
                "salt '%s': also in %s:%d, so every user would fall alike in both; give the newer experiment its own"
                        .formatted(
                                later.salt().value(),
                                earlier.file(),
                                earlier.salt().line()));
    }

    /** The layer's range that an experiment really uses. */
    private static Optional<Layer> layer(Outline outline) {
        return outline.status().read().equals(Optional.of(Status.ACTIVE))
                ? outline.layer().read().filter(layer -> !layer.equals(Layer.NONE))
                : Optional.empty();
    }

    private static Problem overlap(Outline earlier, Outline later) {
        Layer taken = layer(earlier).orElseThrow();
        Layer wanted = layer(later).orElseThrow();
        return new Problem(
                later.file(),
                later.layer().line(),
                "layer '%s' [%s, %s) overlaps [%s, %s) in %s:%d; active experiments of one layer need separate ranges"
                        .formatted(
                                wanted.name(),
                                wanted.from(),
                                wanted.to(),
                                taken.from(),
                                taken.to(),
                                earlier.file(),
                                earlier.layer().line()));
    }
}
