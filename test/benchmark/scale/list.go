// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// listArg makes this program the plain list: `scale plain-list KUBECONFIG VARIANT`, the resources on standard input.
const listArg = "plain-list"

// The variants of a plain list.
const (
	byClient = "client" // as a program in Go would: the dynamic client, each object as maps
	unread   = "unread" // the bytes are thrown away as they come: what no reader can be faster than
)

const page = 500

func list(kubeconfig, variant string) {
	if err := plainList(context.Background(), kubeconfig, variant, os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func plainList(ctx context.Context, kubeconfig, variant string, in io.Reader) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	raw, err := rest.HTTPClientFor(config)
	if err != nil {
		return err
	}
	lines, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(lines)) {
		gvr, err := parse(strings.TrimSpace(line))
		if err != nil {
			return err
		}
		for next := ""; ; {
			options := metav1.ListOptions{Limit: page, Continue: next}
			if variant == unread {
				next, err = skim(ctx, raw, config.Host, gvr, options)
			} else {
				next, err = read(ctx, client, gvr, options)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", gvr.Resource, err)
			}
			if next == "" {
				break
			}
		}
	}
	return nil
}

// parse reads what measure writes: group/version/resource, with an empty group for the core.
func parse(line string) (schema.GroupVersionResource, error) {
	parts := strings.Split(line, "/")
	if len(parts) != 3 {
		return schema.GroupVersionResource{}, fmt.Errorf("%q: must be group/version/resource", line)
	}
	return schema.GroupVersionResource{Group: parts[0], Version: parts[1], Resource: parts[2]}, nil
}

func read(ctx context.Context, client dynamic.Interface, gvr schema.GroupVersionResource, o metav1.ListOptions) (string, error) {
	l, err := client.Resource(gvr).List(ctx, o)
	if err != nil {
		return "", err
	}
	return l.GetContinue(), nil
}

// skim keeps of a page only its beginning, where the metadata of the list is.
func skim(ctx context.Context, client *http.Client, host string, gvr schema.GroupVersionResource, o metav1.ListOptions) (string, error) {
	prefix := "/apis/" + gvr.Group
	if gvr.Group == "" {
		prefix = "/api"
	}
	url := fmt.Sprintf("%s%s/%s/%s?limit=%d&continue=%s", strings.TrimSuffix(host, "/"), prefix, gvr.Version, gvr.Resource, o.Limit, o.Continue)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s", response.Status)
	}
	head := make([]byte, 4096)
	n, err := io.ReadFull(response.Body, head)
	if err != nil && n == 0 {
		return "", err
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return "", err
	}
	_, rest, found := strings.Cut(string(head[:n]), `"continue":"`)
	if !found {
		return "", nil
	}
	token, _, _ := strings.Cut(rest, `"`)
	return token, nil
}
