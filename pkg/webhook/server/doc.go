// SPDX-License-Identifier: Apache-2.0

// Package server is the HTTPS server behind which admission handlers run. It takes the place of controller-runtime's own
// behind the same interface, webhook.Server, and differs from it in three ways.
//
// It fails as a failure. Whatever goes wrong on this side, a panic included, leaves as a status outside 2xx, so that the
// API server applies the registration's failurePolicy. An answer that refuses a review is made by a Handler or not at all.
//
// It bounds what a stranger can take. The API server doesn't identify itself to webhooks on managed clusters, so every pod
// may connect: connections, headers, bodies, the memory held by all bodies together, the number of reviews in hand and the
// time for each of them have limits, and what exceeds them is turned away without waiting. Only large bodies wait, for each
// other: decoded, they take many times their size.
//
// It leaves late. After the context given to Start ends it is not ready any more, but goes on answering until the cluster
// has stopped sending, and no request in hand is ever cancelled because of it.
package server
