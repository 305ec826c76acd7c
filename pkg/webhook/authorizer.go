// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"fmt"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	authorizationclient "k8s.io/client-go/kubernetes/typed/authorization/v1"
)

// The right to exempt, as RBAC spells it. Nothing of that resource exists; whoever may do everything may do this too.
const (
	ExemptVerb     = "exempt"
	ExemptGroup    = "demarc.dev"
	ExemptResource = "exemptionmarks"
)

// askTimeout bounds the question, well below the timeout of the registration.
const askTimeout = time.Second

// AccessReviewer is an Authorizer that asks the API server by SubjectAccessReview.
type AccessReviewer struct {
	Reviews authorizationclient.SubjectAccessReviewInterface
}

// MayExempt says whether the user may set the exempting mark in a namespace, or on cluster-scoped objects if it is empty.
func (a AccessReviewer) MayExempt(ctx context.Context, user *authenticationv1.UserInfo, namespace string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	extra := make(map[string]authorizationv1.ExtraValue, len(user.Extra))
	for k, v := range user.Extra {
		extra[k] = authorizationv1.ExtraValue(v)
	}
	answer, err := a.Reviews.Create(ctx, &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: user.Username, Groups: user.Groups, UID: user.UID, Extra: extra,
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: namespace, Verb: ExemptVerb, Group: ExemptGroup, Resource: ExemptResource},
	}}, metav1.CreateOptions{})
	if err != nil {
		return false, fmt.Errorf("subject access review: %w", err)
	}
	return answer.Status.Allowed, nil
}
