/**
 * Statistics without Spark: mergeable moments, intervals, always-valid bounds, posteriors, bootstrap and
 * uplift curves. Everything is a pure function of its arguments; randomness comes from an explicit seed.
 */
package io.flagcast.statistics;
