package io.flagcast.jobs.questions;

import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.RuleTest;
import io.flagcast.lake.ExitCode;
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/**
 * What came of the tests of experiment files.
 *
 * @param results in the order of the files
 */
public record RuleTests(List<Result> results) {

    /**
     * What came of one test.
     *
     * @param experiment whose test
     * @param test the test
     * @param failure what went wrong, or nothing
     * @param took how long it took
     */
    public record Result(Experiment experiment, RuleTest test, Optional<String> failure, Duration took) {

        /** Where it stands and what went wrong. */
        public String where() {
            return "%s:%d: test '%s'%s"
                    .formatted(
                            experiment.file(),
                            test.line(),
                            test.name(),
                            failure.map(why -> ": " + why).orElse(""));
        }
    }

    public static RuleTests run(List<Experiment> experiments) {
        return new RuleTests(experiments.stream()
                .flatMap(experiment -> experiment.tests().stream().map(test -> run(experiment, test)))
                .toList());
    }

    private static Result run(Experiment experiment, RuleTest test) {
        long nanos = System.nanoTime();
        Optional<String> failure = test.failure(experiment);
        return new Result(experiment, test, failure, Duration.ofNanos(System.nanoTime() - nanos));
    }

    public List<Result> failed() {
        return results.stream().filter(result -> result.failure().isPresent()).toList();
    }

    public ExitCode exitCode() {
        return failed().isEmpty() ? ExitCode.DONE : ExitCode.CHECK_FAILED;
    }

    /** They as JUnit's XML: a suite for every experiment. */
    public String junit() {
        StringWriter text = new StringWriter();
        try {
            write(XMLOutputFactory.newFactory().createXMLStreamWriter(text));
        } catch (XMLStreamException e) {
            throw new IllegalStateException("text is always writable as XML", e);
        }
        return text.toString();
    }

    private void write(XMLStreamWriter xml) throws XMLStreamException {
        xml.writeStartDocument("UTF-8", "1.0");
        xml.writeStartElement("testsuites");
        for (Experiment experiment :
                results.stream().map(Result::experiment).distinct().toList()) {
            List<Result> own = results.stream()
                    .filter(result -> result.experiment().equals(experiment))
                    .toList();
            xml.writeStartElement("testsuite");
            xml.writeAttribute("name", experiment.experimentId());
            xml.writeAttribute("tests", String.valueOf(own.size()));
            xml.writeAttribute(
                    "failures",
                    String.valueOf(own.stream()
                            .filter(result -> result.failure().isPresent())
                            .count()));
            xml.writeAttribute("errors", "0");
            for (Result result : own) {
                write(xml, result);
            }
            xml.writeEndElement();
        }
        xml.writeEndElement();
        xml.writeEndDocument();
        xml.close();
    }

    private static void write(XMLStreamWriter xml, Result result) throws XMLStreamException {
        xml.writeStartElement("testcase");
        xml.writeAttribute("classname", result.experiment().experimentId());
        xml.writeAttribute("name", result.test().name());
        xml.writeAttribute("file", result.experiment().file().toString());
        xml.writeAttribute("line", String.valueOf(result.test().line()));
        xml.writeAttribute(
                "time", String.format(Locale.ROOT, "%.3f", result.took().toNanos() / 1e9));
        if (result.failure().isPresent()) {
            xml.writeStartElement("failure");
            xml.writeAttribute("message", result.failure().get());
            xml.writeCharacters(result.where());
            xml.writeEndElement();
        }
        xml.writeEndElement();
    }
}
