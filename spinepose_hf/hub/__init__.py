"""Between this package and the Hugging Face Hub: conversion of original checkpoints, auto classes."""
