package io.flagcast.training.learners;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * What a learner says of a user: sums of models for the uplift and for the response of a population that is enabled with
 * the mean propensity. The responses of the arms follow: {@code response + (1 - share) * uplift} when enabled,
 * {@code response - share * uplift} when not (P. Robinson, Root-N-consistent semiparametric regression, 1988, section 1).
 *
 * @param constant the uplift without parts
 * @param parts models with their weights
 */
public record Estimate(double constant, List<Part> parts) implements Serializable {

    /**
     * A model of an estimate.
     *
     * @param model evaluated once for both sums
     * @param inUplift its weight in the uplift
     * @param inResponse its weight in the response
     */
    record Part(ResponseModel model, double inUplift, double inResponse) implements Serializable {}

    /**
     * What is predicted for a user.
     *
     * @param uplift change of the response when enabled
     * @param response mean over both arms, mixed by the mean propensity
     */
    public record Prediction(double uplift, double response) {}

    public Estimate {
        parts = List.copyOf(parts);
    }

    /** The estimate that both arms' responses make. */
    public static Estimate ofArms(ResponseModel enabled, ResponseModel control, double share) {
        return new Estimate(0, List.of(new Part(enabled, 1, share), new Part(control, -1, 1 - share)));
    }

    /** An estimate of nothing but the response. */
    public static Estimate ofResponse(ResponseModel response) {
        return new Estimate(0, List.of(new Part(response, 0, 1)));
    }

    /** This response with the uplift of other models. */
    Estimate withUplift(double constant, List<Part> uplift) {
        List<Part> all = new ArrayList<>(uplift);
        parts.forEach(part -> all.add(new Part(part.model(), 0, part.inResponse())));
        return new Estimate(constant, all);
    }

    static Estimate average(List<Estimate> estimates) {
        double weight = 1.0 / estimates.size();
        double constant = 0;
        List<Part> all = new ArrayList<>();
        for (Estimate estimate : estimates) {
            constant += weight * estimate.constant;
            estimate.parts.forEach(
                    part -> all.add(new Part(part.model(), weight * part.inUplift(), weight * part.inResponse())));
        }
        return new Estimate(constant, all);
    }

    /** Numbers that are fitted to the uplift; absent where one of its models is not linear. */
    public OptionalInt directions() {
        int directions = 0;
        for (Part part : parts) {
            if (part.inUplift() != 0 && !(part.model() instanceof ResponseModel.Linear)) {
                return OptionalInt.empty();
            }
            if (part.inUplift() != 0 && part.model() instanceof ResponseModel.Linear linear) {
                directions += linear.coefficients().length + 1;
            }
        }
        return directions == 0 ? OptionalInt.empty() : OptionalInt.of(directions);
    }

    /**
     * The prediction for a vector.
     *
     * @param x one number per place of the encoding
     */
    public Prediction predict(double[] x) {
        double uplift = constant;
        double response = 0;
        for (Part part : parts) {
            double value = part.model().predict(x);
            uplift += part.inUplift() * value;
            response += part.inResponse() * value;
        }
        return new Prediction(uplift, response);
    }
}
