// SPDX-License-Identifier: Apache-2.0

// Package reach holds pkg/admissionconfig against a real API server: random webhooks and admission policies, random
// requests, and for each pair whether the server asked. DEMARC_REACH_CASES says how many pairs at least,
// DEMARC_REACH_SEED repeats a run. What a few rounds saw is kept as testdata (-update writes it anew), so that the model
// and broken copies of it can be held against it without a server.
package reach
