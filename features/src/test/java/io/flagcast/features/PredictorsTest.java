package io.flagcast.features;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

class PredictorsTest {

    private static final StructType USERS = StructType.fromDDL(
            "user_id STRING, country STRING, age INT, adult BOOLEAN, born DATE, gender STRING, _file STRING");

    @Test
    void attributesInNeitherListAreNamed() {
        assertThat(new Predictors(List.of("country", "age", "adult"), List.of("gender")).unlisted(USERS))
                .containsExactly("born");
    }

    @Test
    void aProtectedAttributeIsNeverAPredictor() {
        assertThatThrownBy(() -> new Predictors(List.of("age", "gender"), List.of("gender")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("'gender' is in both flagcast.users.predictors and flagcast.users.protected:"
                        + " a protected attribute is never a predictor");
    }

    @Test
    void aPredictorWithANameThatTheTablesReserveIsRefused() {
        for (String name : List.of(
                "feature_id",
                "experiment_id",
                "user_id",
                "exposed_at",
                "enabled",
                "propensity",
                "response",
                "parameters_version",
                "usage",
                "Usage",
                "usage_count",
                "usage_of_search",
                "run_id",
                "as_of",
                "cut_at",
                "_file")) {
            assertThatThrownBy(() -> new Predictors(List.of("age", name), List.of()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "'%s' in flagcast.users.predictors is a name that training_examples reserves: give the attribute another one with flagcast.sources.users.columns",
                            name);
        }
        assertThat(new Predictors(List.of("usages", "score"), List.of("usage")).attributes())
                .containsExactly("usages", "score");
    }

    @Test
    void aNameThatNoColumnCanHaveIsRefusedWithOneThatItCan() {
        assertThatThrownBy(() -> new Predictors(List.of("Device Age (months)"), List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "'Device Age (months)' in flagcast.users.predictors is no name of a column"
                                + " (no spaces, no . , ; { } ( ) = or quotes): give the attribute one with"
                                + " flagcast.sources.users.columns { device_age_months = \"`Device Age (months)`\" } and name that");
        for (String name : List.of("", " ", "a.b", "a,b", "a;b", "{a}", "a=b", "a\tb", "a`b", "it's")) {
            assertThatThrownBy(() -> new Predictors(List.of(), List.of(name)))
                    .as(name)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("flagcast.users.protected is no name of a column");
        }
        assertThat(new Predictors(List.of("order", "Größe", "a-b", "SELECT"), List.of()).attributes())
                .hasSize(4);
    }

    @Test
    void aPredictorThatStandsTwiceIsRefused() {
        assertThatThrownBy(() -> new Predictors(List.of("age", "Age"), List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("'Age' stands twice in flagcast.users.predictors: keep one");
    }

    @Test
    void aListedAttributeThatTheTableLacksIsRefused() {
        String has = ", the table has [user_id, country, age, adult, born, gender, _file]: correct flagcast.users.";
        assertThatThrownBy(() -> new Predictors(List.of("plan"), List.of()).unlisted(USERS))
                .isInstanceOf(InputException.class)
                .hasMessage("users: predictor 'plan' is missing" + has + "predictors");
        assertThatThrownBy(() -> new Predictors(List.of(), List.of("religion")).unlisted(USERS))
                .isInstanceOf(InputException.class)
                .hasMessage("users: protected attribute 'religion' is missing" + has + "protected");
    }

    @Test
    void aPredictorThatIsNeitherNumericNorCategoricalIsRefused() {
        assertThatThrownBy(() -> new Predictors(List.of("born"), List.of()).unlisted(USERS))
                .isInstanceOf(InputException.class)
                .hasMessage("users: predictor 'born' is DATE: a predictor is numeric, boolean or a string");
    }
}
