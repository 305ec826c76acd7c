// SPDX-License-Identifier: Apache-2.0

package auditor

import (
	"context"
	"encoding/json"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
)

// An audit is asked for by an annotation on a ConfigMap: whoever may write it may ask, and no port has to be guarded.
const (
	// RequestName is the name of the ConfigMap.
	RequestName = "demarc-audit"
	// RequestAnnotation asks for an audit by any value that it did not have before, the time for example.
	RequestAnnotation = "demarc.dev/requested"
	// AnswerAnnotation has the value of the last request that was carried out.
	AnswerAnnotation = "demarc.dev/answered"
)

// rewatch is how long to wait before the ConfigMap is watched again, if that failed.
const rewatch = 15 * time.Second

// watchRequests watches the one ConfigMap. Nothing is kept of it.
func (l *loop) watchRequests(ctx context.Context) {
	for told := false; ; {
		err := l.watchOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		pause := time.Second
		if err != nil {
			pause = rewatch
			if !told {
				l.Logger.Error(err, "watch for requests", "configmap", l.Namespace+"/"+RequestName)
			}
		}
		told = err != nil
		if !l.sleep(ctx, pause, nil) {
			return
		}
	}
}

// watchOnce watches until the API server ends the watch, as it does every few minutes. A watch begins with what is there.
func (l *loop) watchOnce(ctx context.Context) error {
	w, err := l.client.CoreV1().ConfigMaps(l.Namespace).Watch(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, RequestName).String()})
	if err != nil {
		return err
	}
	defer w.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, more := <-w.ResultChan():
			if !more {
				return nil
			}
			switch o := e.Object.(type) {
			case *corev1.ConfigMap:
				l.requested(o.Annotations)
			case *metav1.Status:
				return apierrors.FromObject(o)
			}
		}
	}
}

func (l *loop) requested(annotations map[string]string) {
	value := annotations[RequestAnnotation]
	if last := l.request.Load(); value == "" || value == annotations[AnswerAnnotation] || last != nil && *last == value {
		return
	}
	l.request.Store(&value)
	l.Logger.Info("an audit is asked for", "requested", value)
	l.kick()
}

// answer says on the ConfigMap which request was carried out.
func (l *loop) answer(ctx context.Context, request *string) {
	if request == nil {
		return
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{AnswerAnnotation: *request}}})
	if err == nil {
		_, err = l.client.CoreV1().ConfigMaps(l.Namespace).Patch(ctx, RequestName, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: fieldManager})
	}
	if err != nil {
		l.Logger.Error(err, "answer a request")
		return
	}
	l.request.CompareAndSwap(request, nil)
}
