package io.flagcast.report;

import io.flagcast.monitoring.EffectVerdict;
import io.flagcast.monitoring.EffectVerdict.Answer;
import io.flagcast.report.page.ReportData.Item;
import io.flagcast.report.page.ReportData.Tone;
import io.flagcast.report.page.ReportData.Topic;
import java.util.Comparator;
import java.util.List;

/** What each experiment comes to, in words: what does harm first. */
final class VerdictTopic {

    private VerdictTopic() {}

    static Topic of(Snapshot snapshot, SectionIds sections) {
        List<Item> items = EffectVerdict.of(snapshot.metrics()).stream()
                .sorted(Comparator.comparing((EffectVerdict verdict) -> verdict.answer() != Answer.HARMFUL))
                .map(verdict -> new Item(
                        verdict.answer() == Answer.HARMFUL ? Tone.URGENT : Tone.NOTABLE,
                        verdict.experimentId(),
                        verdict.sentence() + ". Next: " + verdict.nextStep(),
                        sections.of(verdict.experimentId())))
                .toList();
        return new Topic("Does it work", items, "No outcome window has closed yet.");
    }
}
