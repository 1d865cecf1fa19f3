package io.flagcast.house;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import io.flagcast.jobs.Main;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** The walls of the house: what {@code docs/architecture.md} draws is what the code does. */
class HouseTest {

    private static final int MOST_FILES = 25;
    private static final double MOST_OF_ALL_LINES = 0.27;
    private static final int MOST_LINES = 400;

    private static final House HOUSE = new House();

    private static void check(ArchRule rule) {
        rule.check(HOUSE.classes());
    }

    @Test
    void thePageDrawsTheArrowsOfTheCode() {
        Map<String, ?> drawn = HOUSE.documented().entrySet().stream()
                .collect(toMap(Map.Entry::getKey, room -> room.getValue().uses()));
        assertThat(HOUSE.arrows()).as("rooms and what they use, in the code").isEqualTo(drawn);
    }

    @Test
    void aRoomUsesOnlyWhatStandsBelowIt() {
        List<String> upward = HOUSE.upward();
        System.out.println("imports that run upwards: " + upward.size());
        assertThat(upward).isEmpty();
    }

    @Test
    void noPackagesUseEachOtherInACircle() {
        System.out.println("circles between packages: " + HOUSE.circles().size());
        assertThat(HOUSE.circles()).isEmpty();
    }

    @Test
    void stagesDoNotKnowOneAnother() {
        check(SlicesRuleDefinition.slices()
                .matching("io.flagcast.jobs.stages.(*)..")
                .should()
                .notDependOnEachOther());
    }

    @Test
    void plainModulesHaveNoSpark() {
        check(noClasses()
                .that()
                .resideInAnyPackage(
                        "io.flagcast.tables..",
                        "io.flagcast.statistics..",
                        "io.flagcast.allocation..",
                        "io.flagcast.rules..",
                        "io.flagcast.experiments..",
                        "io.flagcast.serving..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.apache.spark..", "scala.."));
    }

    @Test
    void deltaAndPathsAreKnownToTheLakeAlone() {
        DescribedPredicate<JavaClass> elsewhere =
                DescribedPredicate.not(resideInAnyPackage("io.flagcast.lake..", "io.flagcast.serving.."));
        check(noClasses()
                .that(elsewhere)
                .should()
                .dependOnClassesThat(
                        resideInAnyPackage("io.delta..", "org.apache.spark.sql.delta..", "org.apache.hadoop..")));
        check(noClasses()
                .that(elsewhere)
                .should()
                .callMethodWhere(call(
                        "reads or writes files through Spark",
                        call -> call.getTargetOwner()
                                .getName()
                                .matches("org\\.apache\\.spark\\.sql\\.(.*\\.)?DataFrame(Reader|Writer)"))));
    }

    private static DescribedPredicate<JavaMethodCall> call(String says, Predicate<JavaMethodCall> is) {
        return DescribedPredicate.describe(says, is);
    }

    @Test
    void filesThatAreNoLakeAreReadAndWrittenInFewPlaces() {
        Set<String> places = HOUSE.classes().stream()
                .filter(owner -> !owner.getPackageName().startsWith("io.flagcast.lake")
                        && !owner.getPackageName().startsWith("io.flagcast.serving"))
                .filter(owner -> owner.getDirectDependenciesFromSelf().stream()
                        .anyMatch(arrow -> arrow.getTargetClass().isEquivalentTo(Files.class)))
                .map(JavaClass::getSimpleName)
                .collect(toSet());
        assertThat(places)
                .containsExactlyInAnyOrder(
                        "ExperimentFiles",
                        "ConfFile",
                        "ConfigurationFile",
                        "SecretFile",
                        "Report",
                        "Exposition",
                        "PromoteFile",
                        "EvaluatePolicyCommand",
                        "TestRulesCommand",
                        "NewCommand",
                        "DemoFolder");
    }

    @Test
    void clockEnvironmentAndExitBelongToMain() {
        // A service's own process is not ours: its client has a clock of its own.
        DescribedPredicate<JavaClass> elsewhere =
                DescribedPredicate.not(belongToAnyOf(Main.class).or(resideInAPackage("io.flagcast.serving..")));
        check(noClasses().that(elsewhere).should().callMethod(System.class, "exit", int.class));
        check(noClasses()
                .that(elsewhere)
                .should()
                .accessTargetWhere(
                        DescribedPredicate.describe("reads the clock or the environment", HouseTest::asksTheMachine)));
    }

    private static boolean asksTheMachine(JavaAccess<?> access) {
        String owner = access.getTargetOwner().getName();
        String name = access.getName();
        return switch (owner) {
            case "java.lang.System" ->
                name.startsWith("getenv") || name.startsWith("getProp") || name.equals("currentTimeMillis");
            case "java.lang.Runtime" -> name.matches("exit|halt");
            case "java.lang.Boolean", "java.lang.Integer", "java.lang.Long" ->
                name.matches("getBoolean|getInteger|getLong");
            case "java.time.Clock" -> name.startsWith("system");
            case "java.util.Date", "java.util.GregorianCalendar" -> name.equals("<init>");
            default ->
                owner.startsWith("java.time.")
                        && name.equals("now")
                        && access.getTarget() instanceof CodeUnitAccessTarget now
                        && now.getRawParameterTypes().stream().noneMatch(type -> type.isEquivalentTo(Clock.class));
        };
    }

    @Test
    void roomsAreSmallAndFilesHaveOneConcept() {
        List<Path> files = House.mainFiles();
        Map<Path, Long> packages = files.stream()
                .filter(file -> file.toString().endsWith(".java") && !file.endsWith("package-info.java"))
                .collect(groupingBy(Path::getParent, counting()));
        Map.Entry<Path, Long> crowded =
                packages.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow();
        Map<String, List<Path>> modules = files.stream().collect(groupingBy(House::module));
        Map.Entry<String, Integer> largest = modules.entrySet().stream()
                .map(module -> Map.entry(module.getKey(), House.lines(module.getValue())))
                .max(Map.Entry.comparingByValue())
                .orElseThrow();
        double share = (double) largest.getValue() / House.lines(files);
        Path longest = files.stream().max(Comparator.comparingInt(House::lines)).orElseThrow();
        System.out.printf(
                "largest package: %s, %d files%nlargest module: %s, %.1f %% of main lines%nlongest main file: %s, %d lines%n",
                House.place(crowded.getKey()),
                crowded.getValue(),
                largest.getKey(),
                100 * share,
                House.place(longest),
                House.lines(longest));
        assertThat(crowded.getValue()).isLessThanOrEqualTo(MOST_FILES);
        assertThat(share).isLessThanOrEqualTo(MOST_OF_ALL_LINES);
        assertThat(House.lines(longest)).isLessThanOrEqualTo(MOST_LINES);
    }
}
