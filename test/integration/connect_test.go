// SPDX-License-Identifier: Apache-2.0

//go:build integration

package integration

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/demarc-dev/demarc/pkg/object"
)

// connect asks for a connection as kubectl does: the options of the request stand in its address. No node runs here, so
// the connection itself never comes about; that is after admission, and no error to us.
func connect(ctx context.Context, cfg *rest.Config, r object.Resource, namespace, name, sub string, options []byte) error {
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return err
	}
	path, query, err := inAddress(options)
	if err != nil {
		return err
	}
	request := client.CoreV1().RESTClient().Verb(http.MethodPost).Resource(r.Plural).Name(name).SubResource(sub)
	if r.Namespaced {
		request = request.Namespace(namespace)
	}
	if sub == "proxy" {
		request = client.CoreV1().RESTClient().Verb(http.MethodGet).AbsPath(
			strings.TrimSuffix(request.URL().Path, "/") + "/" + strings.TrimPrefix(path, "/"))
	}
	for key, values := range query {
		for _, v := range values {
			request = request.Param(key, v)
		}
	}
	if err := request.Do(ctx).Error(); apierrors.IsForbidden(err) {
		return err
	}
	return nil
}

// inAddress turns the options of a connection into what their request says in its address.
func inAddress(options []byte) (path string, query url.Values, err error) {
	var fields map[string]any
	if err := json.Unmarshal(options, &fields); err != nil {
		return "", nil, err
	}
	query = url.Values{}
	for name, value := range fields {
		switch v := value.(type) {
		case string:
			if name == "path" {
				path = v
			} else if name != "apiVersion" && name != "kind" {
				query.Add(name, v)
			}
		case bool:
			if v {
				query.Add(name, "true")
			}
		case []any:
			for _, element := range v {
				text, err := json.Marshal(element)
				if err != nil {
					return "", nil, err
				}
				query.Add(name, strings.Trim(string(text), `"`))
			}
		}
	}
	return path, query, nil
}
