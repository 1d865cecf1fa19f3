package io.flagcast.settings;

/** Reads {@code flagcast.lake}. */
final class LakeReader {

    private LakeReader() {}

    static Settings.LakeSettings read(Block lake) {
        return lake.checked(
                () -> new Settings.LakeSettings(
                        lake.string("root"),
                        lake.rate("holdout"),
                        lake.string("holdout-salt"),
                        lake.integer("keep-publications"),
                        lake.durationOrZero("keep-for"),
                        lake.seconds("lease-expiry")),
                null);
    }
}
