package io.flagcast.rules.checks;

import io.flagcast.rules.checks.Finding.State;
import java.util.Optional;

/** Whether the file of the model that a feature is to use is the one that was written: {@link Check#MODEL}. */
public final class ModelCheck {

    private ModelCheck() {}

    /**
     * Judges the models of a feature.
     *
     * @param featureId the feature
     * @param wrong what is wrong with the model in use; absent where it can be read
     * @param instead the model that is used in its place; absent where there is none
     */
    public static Finding of(String featureId, Optional<String> wrong, Optional<String> instead) {
        return Finding.of(
                Check.MODEL,
                "",
                Finding.ALL,
                featureId,
                State.failedWhere(wrong.isPresent()),
                1,
                wrong.map(why -> why + "; "
                                + instead.map(id -> "the champion of before, " + id + ", is used in its place")
                                        .orElse("no other champion can be read: all users have the prior score"))
                        .orElse("the model can be read and is the one that was written"));
    }
}
