package io.flagcast.training.learners;

import java.io.Serializable;
import java.util.List;
import org.apache.spark.sql.Column;

/**
 * What was learned without each fold of the users. It says of every user what is known without any outcome of that user, who may have
 * been an example.
 *
 * @param seed of the split, see {@link CrossFit#fold}
 * @param without the estimate without each fold, by its number; none where they were not kept
 */
public record Folds(long seed, List<Estimate> without) implements Serializable {

    /** Of a model whose folds were not kept. */
    public static final Folds NONE = new Folds(0, List.of());

    public Folds {
        without = List.copyOf(without);
    }

    /** The fold of {@code user_id}. */
    public Column fold() {
        return CrossFit.fold(seed, without.size());
    }
}
