package io.flagcast.house;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toCollection;
import static java.util.stream.Collectors.toMap;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The code as it is: its classes, their rooms as {@code docs/architecture.md} lists them, and its source files. */
final class House {

    private static final String ROOT = "io.flagcast.";
    private static final Path HOME = Path.of("").toAbsolutePath().getParent();

    /** A row of the table of rooms: floor, room, the rooms that it uses, what it holds. */
    private static final Pattern ROW = Pattern.compile("\\| *([0-9]+) *\\| *`([a-z/]+)` *\\|([^|]*)\\|([^|]*)\\|");

    private static final Pattern NAME = Pattern.compile("`([a-z/]+)`");

    /**
     * A room of the page.
     *
     * @param floor the number of its floor, 1 the lowest
     * @param uses the rooms that the page draws arrows to
     */
    record Room(int floor, Set<String> uses) {}

    private final JavaClasses classes = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("/flagcast-fixtures") && !location.contains("/fixtures/"))
            .importPackages("io.flagcast");

    private final Map<String, Room> rooms = rooms();

    JavaClasses classes() {
        return classes;
    }

    /** The rooms of the page by name, as {@code lake} or {@code jobs/settings}. */
    Map<String, Room> documented() {
        return rooms;
    }

    private static Map<String, Room> rooms() {
        Map<String, Room> rooms = new TreeMap<>();
        for (String line : text(HOME.resolve("docs/architecture.md")).lines().toList()) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                Set<String> uses = NAME.matcher(row.group(3))
                        .results()
                        .map(name -> name.group(1))
                        .collect(toCollection(TreeSet::new));
                if (rooms.put(row.group(2), new Room(Integer.parseInt(row.group(1)), uses)) != null) {
                    throw new IllegalStateException(row.group(2) + " stands twice in docs/architecture.md");
                }
            }
        }
        return rooms;
    }

    /** The room of a class: the longest name of the page that its package starts with. */
    String room(JavaClass owner) {
        String place = owner.getPackageName().substring(ROOT.length()).replace('.', '/');
        return rooms.keySet().stream()
                .filter(room -> place.equals(room) || place.startsWith(room + "/"))
                .reduce((one, other) -> one.length() > other.length() ? one : other)
                .orElseThrow(() -> new IllegalStateException(
                        owner.getName() + " stands in no room: docs/architecture.md lists " + rooms.keySet()));
    }

    private Stream<Dependency> dependencies() {
        return classes.stream()
                .flatMap(owner -> owner.getDirectDependenciesFromSelf().stream())
                .filter(arrow -> arrow.getTargetClass().getPackageName().startsWith(ROOT))
                .filter(arrow -> !arrow.getOriginClass()
                        .getPackageName()
                        .equals(arrow.getTargetClass().getPackageName()));
    }

    /** Which rooms each room uses in the code. */
    Map<String, Set<String>> arrows() {
        Map<String, Set<String>> arrows = rooms.keySet().stream()
                .collect(toMap(Function.identity(), room -> new TreeSet<>(), (a, b) -> a, TreeMap::new));
        dependencies().forEach(arrow -> {
            String from = room(arrow.getOriginClass());
            String to = room(arrow.getTargetClass());
            if (!from.equals(to)) {
                arrows.get(from).add(to);
            }
        });
        return arrows;
    }

    /** Every dependency of a class on a room that does not stand below its own, in words. */
    List<String> upward() {
        return dependencies()
                .filter(arrow -> !room(arrow.getOriginClass()).equals(room(arrow.getTargetClass())))
                .filter(arrow -> rooms.get(room(arrow.getTargetClass())).floor()
                        >= rooms.get(room(arrow.getOriginClass())).floor())
                .map(Dependency::getDescription)
                .toList();
    }

    /** Sets of packages each of which can be reached from each other. */
    List<Set<String>> circles() {
        Map<String, Set<String>> uses = dependencies()
                .collect(groupingBy(
                        arrow -> arrow.getOriginClass().getPackageName(),
                        TreeMap::new,
                        mapping(arrow -> arrow.getTargetClass().getPackageName(), toCollection(TreeSet::new))));
        List<Set<String>> circles = new ArrayList<>();
        for (String place : uses.keySet()) {
            Set<String> circle = new TreeSet<>(reached(place, uses));
            circle.removeIf(other -> !reached(other, uses).contains(place));
            if (!circle.isEmpty() && !circles.contains(circle)) {
                circles.add(circle);
            }
        }
        return circles;
    }

    private static Set<String> reached(String from, Map<String, Set<String>> uses) {
        Set<String> reached = new TreeSet<>();
        Deque<String> next = new ArrayDeque<>(uses.getOrDefault(from, Set.of()));
        while (!next.isEmpty()) {
            String place = next.pop();
            if (reached.add(place)) {
                next.addAll(uses.getOrDefault(place, Set.of()));
            }
        }
        return reached;
    }

    /** The main files of all modules, scripts and styles included, without the benchmarks. */
    static List<Path> mainFiles() {
        try (Stream<Path> modules = Files.list(HOME)) {
            List<Path> files = new ArrayList<>();
            for (Path main : modules.map(module -> module.resolve("src/main"))
                    .filter(Files::isDirectory)
                    .filter(main -> !main.startsWith(HOME.resolve("benchmarks")))
                    .sorted()
                    .toList()) {
                try (Stream<Path> all = Files.walk(main)) {
                    all.filter(file -> file.toString().matches(".*\\.(java|js|css|html|conf|properties)"))
                            .forEach(files::add);
                }
            }
            return files;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The module of a main file. */
    static String module(Path mainFile) {
        return HOME.relativize(mainFile).getName(0).toString();
    }

    /** A place below the project's folder. */
    static String place(Path file) {
        return HOME.relativize(file).toString();
    }

    static int lines(Path file) {
        return Math.toIntExact(text(file).lines().count());
    }

    static int lines(Collection<Path> files) {
        return files.stream().mapToInt(House::lines).sum();
    }

    static String text(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Path home() {
        return HOME;
    }
}
