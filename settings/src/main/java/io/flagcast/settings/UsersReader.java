package io.flagcast.settings;

import io.flagcast.features.Predictors;
import java.util.List;

/** Reads {@code flagcast.users}. */
final class UsersReader {

    private UsersReader() {}

    static Predictors read(Block users) {
        return users.checked(
                () -> new Predictors(users.strings("predictors"), users.strings("protected")),
                new Predictors(List.of(), List.of()));
    }
}
