/**
 * Statistics without Spark: mergeable moments, intervals, always-valid bounds, sample ratios, posteriors, bootstrap, uplift
 * curves, best linear predictions, comparisons over folds, rankings and shrunken means. Everything is a pure function
 * of its arguments; randomness comes from an explicit seed.
 */
package io.flagcast.statistics;
